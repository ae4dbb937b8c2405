package connector

import (
	"errors"
	"time"
)

// Class is what a caller does next about the outcome of a call.
type Class string

// The classes, with what follows from each.
const (
	ClassOK           Class = "ok"
	ClassTransient    Class = "transient"    // try again later, with backoff
	ClassThrottled    Class = "throttled"    // try again after the time the target asked for; not an attempt
	ClassAmbiguous    Class = "ambiguous"    // read the target before any retry
	ClassUnauthorized Class = "unauthorized" // a person has to renew the credentials
	ClassPermanent    Class = "permanent"    // the same request will be refused again
	ClassNotFound     Class = "not_found"
	ClassTaken        Class = "taken" // choose another login name
)

// Classify sorts the error of a connector. An error that no rule knows is transient: to try again is the safe answer,
// because everything a connector does is idempotent.
//
// An ambiguous write is ambiguous whatever else the error says: it is the only class that forbids a blind retry.
func Classify(err error) Class {
	var wait *Throttled
	switch {
	case err == nil:
		return ClassOK
	case errors.Is(err, ErrAmbiguous):
		return ClassAmbiguous
	case errors.As(err, &wait):
		return ClassThrottled
	case errors.Is(err, ErrUnauthorized):
		return ClassUnauthorized
	case errors.Is(err, ErrNotFound):
		return ClassNotFound
	case errors.Is(err, ErrTaken):
		return ClassTaken
	case errors.Is(err, ErrRefused):
		return ClassPermanent
	}
	return ClassTransient
}

// RetryAfter gives the time a throttled call has to wait, 0 for every other error.
func RetryAfter(err error) time.Duration {
	var wait *Throttled
	if errors.As(err, &wait) {
		return wait.After
	}
	return 0
}
