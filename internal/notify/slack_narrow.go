package notify

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"tenure/internal/db"
)

// Narrowing is what somebody can narrow of what was asked for: an earlier day, a lower level, or both.
type Narrowing struct {
	Last   time.Time // until when it was asked for; zero where the day stays as it is
	Levels []Level   // the lowest first, the last is the one asked for; fewer than two where it stays
}

// Level is one level by name, with its title.
type Level struct{ Name, Title string }

// The identifiers of the window in which something is narrowed.
const (
	actNarrow = "narrow"
	untilID   = "until"
	levelID   = "level"
)

// AskNarrow opens the window that asks for an earlier day and a lower level, on the click that the trigger names.
func (k *Slack) AskNarrow(ctx context.Context, trigger, value string, n *Narrowing) error {
	var blocks []slack.Block
	if !n.Last.IsZero() {
		in := slack.NewInputBlock(untilID, words("Until another day", 150), words("Asked for until "+n.Last.Format("2 January 2006")+". An earlier day narrows it.", 150), slack.NewDatePickerBlockElement(untilID))
		in.Optional = true
		blocks = append(blocks, in)
	}
	if len(n.Levels) > 1 {
		var options []*slack.OptionBlockObject
		for _, l := range n.Levels {
			options = append(options, slack.NewOptionBlockObject(l.Name, words(plain(l.Title), 75), nil))
		}
		options = options[max(0, len(options)-100):] // as many as Slack takes
		choice := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, levelID, options...)
		choice.InitialOption = options[len(options)-1]
		blocks = append(blocks, slack.NewInputBlock(levelID, words("Level", 150), words("A lower one narrows it.", 150), choice))
	}
	_, err := k.api().OpenViewContext(ctx, trigger, slack.ModalViewRequest{Type: slack.VTModal, CallbackID: actNarrow, PrivateMetadata: value,
		Title: words("Approve less", 24), Submit: words("Approve", 24), Close: words("Back", 24), Blocks: slack.Blocks{BlockSet: blocks}})
	return err
}

// narrowed reads what was filled in, and which fields the window had.
func (in *Interaction) narrowed(v *slack.View) {
	for _, b := range v.Blocks.BlockSet {
		if f, ok := b.(*slack.InputBlock); ok {
			in.Fields = append(in.Fields, f.BlockID)
		}
	}
	if v.State != nil {
		in.Until = v.State.Values[untilID][untilID].SelectedDate
		in.Level = v.State.Values[levelID][levelID].SelectedOption.Value
	}
}

// ZoneOf is the time zone in which somebody reads times.
func ZoneOf(tx *db.Tx, who int) (*time.Location, error) {
	var zone string
	err := tx.QueryRow(`select coalesce((select `+zoneOf+` from identity i where i.id = $1), 'UTC')`, who).Scan(&zone)
	return location(zone), err
}
