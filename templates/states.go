package templates

import "tenure/templates/ui"

// The states the rooms store, as a reader sees them. A state missing here is shown by its own word, so a new one is
// visible before it is pretty.
var (
	personTags = map[string]ui.Tag{
		"prehire": {Tone: ui.Info, Icon: "calendar-event", Text: "Not started"},
		"active":  {Tone: ui.Good, Icon: "circle-check", Text: "Active"},
		"leave":   {Tone: ui.Warn, Icon: "beach", Text: "On leave"},
		"left":    {Tone: ui.Neutral, Icon: "door-exit", Text: "Left"},
	}
	modeTags = map[string]ui.Tag{
		"observe": {Tone: ui.Neutral, Icon: "eye", Text: "Observe"},
		"propose": {Tone: ui.Info, Icon: "help-circle", Text: "Propose"},
		"enforce": {Tone: ui.Good, Icon: "shield-check", Text: "Enforce"},
	}
	healthTags = map[string]ui.Tag{
		"unknown":   {Tone: ui.Neutral, Icon: "help-circle", Text: "Not read yet"},
		"ok":        {Tone: ui.Good, Icon: "circle-check", Text: "Healthy"},
		"degraded":  {Tone: ui.Warn, Icon: "alert-triangle", Text: "Degraded"},
		"attention": {Tone: ui.Bad, Icon: "circle-x", Text: "Needs attention"},
		"paused":    {Tone: ui.Neutral, Icon: "player-pause", Text: "Paused"},
	}
	runTags = map[string]ui.Tag{
		"held":      {Tone: ui.Warn, Icon: "lock", Text: "Held"},
		"applied":   {Tone: ui.Good, Icon: "circle-check", Text: "Applied"},
		"unchanged": {Tone: ui.Neutral, Icon: "equal", Text: "Nothing changed"},
		"discarded": {Tone: ui.Neutral, Icon: "ban", Text: "Discarded"},
	}
	operationTags = map[string]ui.Tag{
		"proposed":     {Tone: ui.Info, Icon: "help-circle", Text: "Proposed"},
		"pending":      {Tone: ui.Neutral, Icon: "clock", Text: "Waiting"},
		"claimed":      {Tone: ui.Info, Icon: "loader", Text: "At work"},
		"acknowledged": {Tone: ui.Info, Icon: "hourglass", Text: "Done, not read back"},
		"verified":     {Tone: ui.Good, Icon: "circle-check", Text: "Verified"},
		"failed":       {Tone: ui.Bad, Icon: "circle-x", Text: "Failed"},
		"cancelled":    {Tone: ui.Neutral, Icon: "ban", Text: "Cancelled"},
	}
	grantTags = map[string]ui.Tag{
		"verified": {Tone: ui.Good, Icon: "circle-check", Text: "In place"},
		"waiting":  {Tone: ui.Info, Icon: "clock", Text: "Being set up"},
		"leaving":  {Tone: ui.Info, Icon: "hourglass", Text: "Being removed"},
		"failed":   {Tone: ui.Bad, Icon: "circle-x", Text: "Failed"},
		"found":    {Tone: ui.Warn, Icon: "alert-triangle", Text: "Out of band"},
		"wanted":   {Tone: ui.Neutral, Icon: "eye", Text: "Wanted, not enforced"},
		"future":   {Tone: ui.Neutral, Icon: "calendar-event", Text: "Not yet"},
	}
	accountTags = map[string]ui.Tag{
		"enabled":  {Tone: ui.Good, Icon: "circle-check", Text: "Enabled"},
		"disabled": {Tone: ui.Neutral, Icon: "ban", Text: "Disabled"},
		"orphan":   {Tone: ui.Warn, Icon: "ghost", Text: "Orphan"},
		"waiting":  {Tone: ui.Info, Icon: "clock", Text: "Being created"},
		"deleted":  {Tone: ui.Neutral, Icon: "circle-minus", Text: "Deleted"},
	}
	driftTags = map[string]ui.Tag{
		"missing": {Tone: ui.Bad, Icon: "circle-dashed", Text: "Missing"},
		"extra":   {Tone: ui.Warn, Icon: "plus", Text: "Extra"},
		"orphan":  {Tone: ui.Warn, Icon: "ghost", Text: "Orphan"},
		"enabled": {Tone: ui.Bad, Icon: "alert-triangle", Text: "Still enabled"},
		"dormant": {Tone: ui.Neutral, Icon: "history", Text: "Dormant"},
	}
	affectedTags = map[string]ui.Tag{
		"joiner":  {Tone: ui.Info, Icon: "user-plus", Text: "Joins"},
		"mover":   {Tone: ui.Info, Icon: "arrows-exchange", Text: "Moves"},
		"leaver":  {Tone: ui.Warn, Icon: "user-minus", Text: "Leaves"},
		"return":  {Tone: ui.Info, Icon: "arrow-back-up", Text: "Returns"},
		"updated": {Tone: ui.Neutral, Icon: "refresh", Text: "Updated"},
	}
)

func tag(all map[string]ui.Tag, state string) ui.Tag {
	if t, ok := all[state]; ok {
		return t
	}
	return ui.Tag{Tone: ui.Neutral, Icon: "help-circle", Text: state}
}

// PersonTag is the badge of a person's state, for pages that show people among other things.
func PersonTag(state string) ui.Tag { return tag(personTags, state) }
