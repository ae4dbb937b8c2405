package templates

import (
	"context"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// The states the rooms store, as a reader sees them. A state missing here is shown by its own word, so a new one is
// visible before it is pretty.
var (
	personTags = map[string]ui.Tag{
		"prehire": {Tone: ui.Info, Icon: "calendar-event", Text: lang.Mark("Not started")},
		"active":  {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Active")},
		"leave":   {Tone: ui.Warn, Icon: "beach", Text: lang.Mark("On leave")},
		"left":    {Tone: ui.Neutral, Icon: "door-exit", Text: lang.Mark("Left")},
	}
	modeTags = map[string]ui.Tag{
		"observe": {Tone: ui.Neutral, Icon: "eye", Text: lang.Mark("Observe")},
		"propose": {Tone: ui.Info, Icon: "help-circle", Text: lang.Mark("Propose")},
		"enforce": {Tone: ui.Good, Icon: "shield-check", Text: lang.Mark("Enforce")},
	}
	healthTags = map[string]ui.Tag{
		"unknown":   {Tone: ui.Neutral, Icon: "help-circle", Text: lang.Mark("Not read yet")},
		"ok":        {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Healthy")},
		"degraded":  {Tone: ui.Warn, Icon: "alert-triangle", Text: lang.Mark("Degraded")},
		"attention": {Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("Needs attention")},
		"paused":    {Tone: ui.Neutral, Icon: "player-pause", Text: lang.Mark("Paused")},
	}
	runTags = map[string]ui.Tag{
		"held":      {Tone: ui.Warn, Icon: "lock", Text: lang.Mark("Held")},
		"applied":   {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Applied")},
		"unchanged": {Tone: ui.Neutral, Icon: "equal", Text: lang.Mark("Nothing changed")},
		"discarded": {Tone: ui.Neutral, Icon: "ban", Text: lang.Mark("Discarded")},
	}
	operationTags = map[string]ui.Tag{
		"proposed":     {Tone: ui.Info, Icon: "help-circle", Text: lang.Mark("Proposed")},
		"pending":      {Tone: ui.Neutral, Icon: "clock", Text: lang.Mark("Waiting")},
		"claimed":      {Tone: ui.Info, Icon: "loader", Text: lang.Mark("At work")},
		"acknowledged": {Tone: ui.Info, Icon: "hourglass", Text: lang.Mark("Done, not read back")},
		"verified":     {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Verified")},
		"failed":       {Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("Failed")},
		"cancelled":    {Tone: ui.Neutral, Icon: "ban", Text: lang.Mark("Cancelled")},
	}
	grantTags = map[string]ui.Tag{
		"verified": {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("In place")},
		"waiting":  {Tone: ui.Info, Icon: "clock", Text: lang.Mark("Being set up")},
		"leaving":  {Tone: ui.Info, Icon: "hourglass", Text: lang.Mark("Being removed")},
		"failed":   {Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("Failed")},
		"found":    {Tone: ui.Warn, Icon: "alert-triangle", Text: lang.Mark("Out of band")},
		"wanted":   {Tone: ui.Neutral, Icon: "eye", Text: lang.Mark("Wanted, not enforced")},
		"future":   {Tone: ui.Neutral, Icon: "calendar-event", Text: lang.Mark("Not yet")},
	}
	thenTags = map[string]ui.Tag{
		"verified":    {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("In place")},
		"missing":     {Tone: ui.Bad, Icon: "circle-x", Text: lang.Mark("Not in the target")},
		"not read":    {Tone: ui.Neutral, Icon: "eye", Text: lang.Mark("Not read then")},
		"out of band": {Tone: ui.Warn, Icon: "alert-triangle", Text: lang.Mark("Out of band")},
	}
	becameTags = map[string]ui.Tag{
		"gained": {Tone: ui.Info, Icon: "circle-plus", Text: lang.Mark("Gained")},
		"lost":   {Tone: ui.Neutral, Icon: "circle-minus", Text: lang.Mark("Lost")},
		"kept":   {Tone: ui.Neutral, Icon: "equal", Text: lang.Mark("Kept")},
	}
	accountTags = map[string]ui.Tag{
		"enabled":  {Tone: ui.Good, Icon: "circle-check", Text: lang.Mark("Enabled")},
		"disabled": {Tone: ui.Neutral, Icon: "ban", Text: lang.Mark("Disabled")},
		"orphan":   {Tone: ui.Warn, Icon: "ghost", Text: lang.Mark("Orphan")},
		"waiting":  {Tone: ui.Info, Icon: "clock", Text: lang.Mark("Being created")},
		"deleted":  {Tone: ui.Neutral, Icon: "circle-minus", Text: lang.Mark("Deleted")},
	}
	driftTags = map[string]ui.Tag{
		"missing": {Tone: ui.Bad, Icon: "circle-dashed", Text: lang.Mark("Missing")},
		"extra":   {Tone: ui.Warn, Icon: "plus", Text: lang.Mark("Extra")},
		"orphan":  {Tone: ui.Warn, Icon: "ghost", Text: lang.Mark("Orphan")},
		"enabled": {Tone: ui.Bad, Icon: "alert-triangle", Text: lang.Mark("Still enabled")},
		"dormant": {Tone: ui.Neutral, Icon: "history", Text: lang.Mark("Dormant")},
	}
	affectedTags = map[string]ui.Tag{
		"joiner":  {Tone: ui.Info, Icon: "user-plus", Text: lang.Mark("Joins")},
		"mover":   {Tone: ui.Info, Icon: "arrows-exchange", Text: lang.Mark("Moves")},
		"leaver":  {Tone: ui.Warn, Icon: "user-minus", Text: lang.Mark("Leaves")},
		"return":  {Tone: ui.Info, Icon: "arrow-back-up", Text: lang.Mark("Returns")},
		"updated": {Tone: ui.Neutral, Icon: "refresh", Text: lang.Mark("Updated")},
	}
)

func tag(ctx context.Context, all map[string]ui.Tag, state string) ui.Tag {
	if t, ok := all[state]; ok {
		t.Text = lang.T(ctx, t.Text)
		return t
	}
	return ui.Tag{Tone: ui.Neutral, Icon: "help-circle", Text: state}
}

// PersonTag is the badge of a person's state, for pages that show people among other things.
func PersonTag(ctx context.Context, state string) ui.Tag { return tag(ctx, personTags, state) }
