package campaign

import "time"

// Unguarded lets everybody decide in a review while somebody else moves or closes it, until the function that it gives is called.
func Unguarded() (again func()) {
	was := reviewLock
	reviewLock = ""
	return func() { reviewLock = was }
}

// WithoutJudge runs fn with the room's check taken away: then the database alone refuses.
func WithoutJudge(fn func()) {
	was := check
	check = func(*Review, *Settings, *decider, []*Item, *Answer, time.Time) error { return nil }
	defer func() { check = was }()
	fn()
}

// Apart runs fn with partitions for campaigns of so many items.
func Apart(items int, fn func()) {
	was := apart
	apart = items
	defer func() { apart = was }()
	fn()
}

// Counted lets a count make at most so many items, for as long as fn runs.
func Counted(most int, fn func()) {
	was := countedMost
	countedMost = most
	defer func() { countedMost = was }()
	fn()
}
