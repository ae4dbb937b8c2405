package campaign

import "time"

// WithoutJudge runs fn with the room's check taken away: then the database alone refuses.
func WithoutJudge(fn func()) {
	was := check
	check = func(*Review, *Settings, *decider, []*Item, *Answer, time.Time) error { return nil }
	defer func() { check = was }()
	fn()
}
