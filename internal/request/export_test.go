package request

import "time"

// Unjudged lets every answer through until the function that it gives is called: what is left is the database.
func Unjudged() (again func()) {
	was := check
	check = func(*Item, *Step, *Answer, *decider, []string, time.Time) error { return nil }
	return func() { check = was }
}
