package identity

import "tenure/internal/evidence"

// Change is what became of one person, on its way to lifecycle, which decides what must follow. Whoever makes one has
// locked the person (or just made the row) and has written the employments.
type Change struct {
	Person int
	Name   string
	Was    State // "" for a new person
	Stored State // what the row of a new person says
	Locked bool
	Local  bool
	// Versions are all that is believed now about the person's employments.
	Versions []Version
	// Moved holds the employments whose department, title, location or worker type changed: hand-over applies to them.
	Moved map[int]bool
	// Touches counts the governed rows already written for the person; Facts and Personal go into the event.
	Touches  map[string]int
	Facts    evidence.Appender
	Personal evidence.Appender
}

// New says whether the person was made in this very transaction.
func (c *Change) New() bool { return c.Was == "" }
