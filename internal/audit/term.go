package audit

import "time"

// Term is how long something may wait for a person before it is overdue. Exactly one of its lengths is set.
type Term struct {
	Elapsed      time.Duration // by the clock, nights and weekends included
	WorkingHours int           // Monday to Friday, 9:00 to 17:00 where the reader is
	WorkingDays  int           // until the end of the n-th working day after
	Why          string
}

// Terms are the terms of what waits in the inbox. What has a date of its own (a first day, the end of a hand-over) is due then.
var Terms = map[string]Term{
	HeldRun:       {WorkingHours: 4, Why: "Joiners and leavers behind a held file wait with it; half a working day lets somebody look without haste."},
	HeldDue:       {WorkingHours: 4, Why: "As a held file: people whose last day is over still have access while it waits."},
	Change:        {WorkingDays: 2, Why: "The longer a plan waits, the likelier its grounds move and it has to be made anew."},
	Erasing:       {WorkingDays: 10, Why: "Who asks to be erased has a month by law; two weeks leave time for what stands against it."},
	Violated:      {WorkingDays: 5, Why: "Until somebody decides, one person can do alone what two should."},
	FailedLeaver:  {Elapsed: 15 * time.Minute, Why: "Somebody who left can still get in."},
	Failed:        {Elapsed: 24 * time.Hour, Why: "Somebody lacks access they need, or keeps some they do not."},
	Proposal:      {WorkingDays: 2, Why: "People wait for their access until a person releases it."},
	Paused:        {Elapsed: 24 * time.Hour, Why: "What was decided waits, and readings stop; a day is a long repair. With a leaver's access waiting it is 15 minutes."},
	Evidence:      {Elapsed: 15 * time.Minute, Why: "What is not sealed and held outside could be changed unseen until it is."},
	OwnPaused:     {Elapsed: 24 * time.Hour, Why: "As the pause itself: the owner knows what their people wait for."},
	Orphan:        {WorkingDays: 5, Why: "An account that belongs to nobody is watched by nobody."},
	NoDescription: {Elapsed: 30 * 24 * time.Hour, Why: "Who decides about access has to understand it; until then a code is all there is."},
	Password:      {WorkingDays: 1, Why: "The account is ready and its person cannot sign in."},
}

// The hours of a working day.
const (
	dayBegins = 9
	dayEnds   = 17
)

// Due gives when something that began to wait at since is overdue, for somebody in a time zone.
func (t Term) Due(since time.Time, zone *time.Location) time.Time {
	switch at := since.In(zone); {
	case t.WorkingHours > 0:
		return addWorking(at, time.Duration(t.WorkingHours)*time.Hour)
	case t.WorkingDays > 0:
		for n := t.WorkingDays; n > 0; {
			at = time.Date(at.Year(), at.Month(), at.Day()+1, dayEnds, 0, 0, 0, zone)
			if works(at) {
				n--
			}
		}
		return at
	}
	return since.Add(t.Elapsed)
}

// addWorking adds working time: what does not fit into a day goes on when the next one begins.
func addWorking(at time.Time, d time.Duration) time.Time {
	for {
		begins := time.Date(at.Year(), at.Month(), at.Day(), dayBegins, 0, 0, 0, at.Location())
		ends := time.Date(at.Year(), at.Month(), at.Day(), dayEnds, 0, 0, 0, at.Location())
		if at.Before(begins) {
			at = begins
		}
		if works(at) && at.Before(ends) {
			if left := ends.Sub(at); d <= left {
				return at.Add(d)
			} else {
				d -= left
			}
		}
		at = time.Date(at.Year(), at.Month(), at.Day()+1, dayBegins, 0, 0, 0, at.Location())
	}
}

func works(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }
