package request

import "time"

// Latest is when an item that is asked for now is decided at the latest: every position of its path takes the longest of its steps. Where
// nobody is asked it is now.
func (it *Item) Latest(c *Calendar, now time.Time) time.Time {
	begins, ends, position := now, now, 0
	for _, st := range it.Steps {
		if st.Position != position {
			position, begins = st.Position, ends
		}
		due := c.Add(begins, time.Duration(st.Hours)*time.Hour)
		if st.By == Wait && st.NextAt != nil {
			due = *st.NextAt
		}
		if due.After(ends) {
			ends = due
		}
	}
	return ends
}
