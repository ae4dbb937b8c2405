package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Slack is the workspace in which people are told and answer.
type Slack struct {
	Token  string
	Secret string // with which Slack signs
	Team   string
	URL    string // of the API, with a slash at its end; empty: Slack's own
}

func (k *Slack) api() *slack.Client {
	o := []slack.Option{slack.OptionHTTPClient(&http.Client{Timeout: 20 * time.Second})}
	if k.URL != "" {
		o = append(o, slack.OptionAPIURL(strings.TrimRight(k.URL, "/")+"/"))
	}
	return slack.New(k.Token, o...)
}

// forGood are answers of Slack that another attempt does not change.
var forGood = []string{"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "no_permission", "missing_scope", "channel_not_found",
	"user_not_found", "user_disabled", "is_archived", "cannot_dm_bot", "messages_tab_disabled", "message_not_found", "cant_update_message", "edit_window_closed",
	"invalid_blocks", "team_access_not_granted", "restricted_action", "not_in_channel"}

// slack tells somebody in Slack, in a conversation with them alone, or edits what it told them.
func (s *Service) slack(ctx context.Context, d *delivery) (outcome, error) {
	switch {
	case s.Slack == nil:
		return outcome{state: "dropped", answer: "Slack is not set up", instead: true}, nil
	case d.to.slack == "" || d.to.team != s.Slack.Team:
		return outcome{state: "dropped", answer: "the person is not linked with this Slack", instead: true}, nil
	case len(d.messages) == 0:
		return outcome{state: "dropped", answer: "what it said is gone"}, nil
	}
	m := &d.messages[0]
	closed := !m.closed.IsZero()
	if closed && d.ts == "" && d.attempts == 1 {
		return outcome{state: "dropped", answer: "it was decided before it was sent", edited: true}, nil
	}
	o := outcome{state: "sent", answer: "taken by Slack", edited: closed}
	options := []slack.MsgOption{slack.MsgOptionText(escaped(m.Subject.In(d.to.zone)), false), slack.MsgOptionBlocks(s.blocks(d, m)...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl()}
	var err error
	if d.ts == "" {
		o.place, o.ts, err = s.Slack.api().PostMessageContext(ctx, d.to.slack, options...)
	} else {
		_, _, _, err = s.Slack.api().UpdateMessageContext(ctx, d.place, d.ts, options...)
	}
	return o, judged(err, &o)
}

// judged says of an error of Slack's whether, and when, it is worth another attempt.
func judged(err error, o *outcome) error {
	var busy *slack.RateLimitedError
	var said slack.SlackErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &busy):
		o.after = busy.RetryAfter
	case errors.As(err, &said) && slices.Contains(forGood, said.Err):
		return refusal{err}
	}
	return err
}

// The identifiers of buttons and fields, which come back in interactions.
const (
	actApprove = "approve"
	actDeny    = "deny"
	actOpen    = "open"
	reasonID   = "reason"
)

// blocks draws a message: who, what, why and until when; then its buttons, or how it was decided. All of it is plain text: Slack makes
// no link, no name and no channel of what people wrote.
func (s *Service) blocks(d *delivery, m *stored) []slack.Block {
	out := []slack.Block{slack.NewHeaderBlock(words(m.Subject.In(d.to.zone), 150))}
	var fields []*slack.TextBlockObject
	for _, l := range m.Lines {
		if len(fields) == 10 { // as many as Slack takes
			break
		}
		fields = append(fields, words(plain(l.Label)+": "+plain(l.Value), 2000))
	}
	if len(fields) > 0 {
		out = append(out, slack.NewSectionBlock(nil, fields, nil))
	}
	if !m.closed.IsZero() {
		return append(out, slack.NewContextBlock("", words(m.closing+" "+m.closed.In(d.to.zone).Format("15:04"), 2000)))
	}
	if !m.Subject.Due.IsZero() {
		out = append(out, slack.NewContextBlock("", words("Due "+m.Subject.Due.In(d.to.zone).Format("Mon 2 Jan 15:04"), 200)))
	}
	if buttons := s.buttons(m); len(buttons) > 0 {
		out = append(out, slack.NewActionBlock("acts", buttons...))
	}
	return out
}

func (s *Service) buttons(m *stored) (out []slack.BlockElement) {
	if m.Answer != "" {
		out = append(out, slack.NewButtonBlockElement(actApprove, m.Answer, words("Approve", 75)).WithStyle(slack.StylePrimary),
			slack.NewButtonBlockElement(actNarrow, m.Answer, words("Narrow", 75)),
			slack.NewButtonBlockElement(actDeny, m.Answer, words("Deny with reason", 75)))
	}
	if s.Public != "" && m.Link != "" {
		out = append(out, slack.NewButtonBlockElement(actOpen, "", words("Open", 75)).WithURL(s.Public+m.Link))
	}
	return out
}

// words makes a plain text of at most so many characters.
func words(text string, most int) *slack.TextBlockObject {
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// escaped is a text as it stands in Slack's markup, where it cannot be plain.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(plain(text))
}

// AskReason opens the window that asks why something is denied, on the click that the trigger names.
func (k *Slack) AskReason(ctx context.Context, trigger, value string) error {
	in := slack.NewPlainTextInputBlockElement(nil, reasonID)
	in.Multiline, in.MaxLength = true, 1000
	_, err := k.api().OpenViewContext(ctx, trigger, slack.ModalViewRequest{Type: slack.VTModal, CallbackID: actDeny, PrivateMetadata: value,
		Title: words("Deny", 24), Submit: words("Deny", 24), Close: words("Back", 24),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock(reasonID, words("Why? The person reads it.", 150), nil, in)}}})
	return err
}

// Whisper tells a user something in a conversation that nobody else sees and that does not stay.
func (k *Slack) Whisper(ctx context.Context, channel, user, text string) error {
	if channel == "" {
		channel = user
	}
	_, err := k.api().PostEphemeralContext(ctx, channel, user, slack.MsgOptionText(escaped(text), false))
	return err
}
