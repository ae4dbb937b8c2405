package access

import "tenure/internal/fsm"

// State is where an operation is in its life.
type State string

// The states. An operation is finished when it is verified, failed or cancelled; a lane goes on when its head is
// acknowledged, failed or cancelled.
const (
	Proposed     State = "proposed"     // waits for a person: the application is in mode propose
	Pending      State = "pending"      // waits for a worker, or for its next attempt
	Claimed      State = "claimed"      // a worker holds it, until its lease ends
	Acknowledged State = "acknowledged" // the target said yes
	Verified     State = "verified"     // a reading begun after that shows it
	Failed       State = "failed"       // given up, a person is needed
	Cancelled    State = "cancelled"    // no longer wanted
)

// Life is the table of an operation's moves.
var Life = fsm.Table[State]{
	{From: "", To: Proposed, By: "planned in mode propose"},
	{From: "", To: Pending, By: "planned"},
	{From: Proposed, To: Pending, By: "released by a person"},
	{From: Proposed, To: Cancelled, By: "no longer wanted"},
	{From: Pending, To: Claimed, By: "a worker claims it, epoch + 1"},
	{From: Pending, To: Cancelled, By: "no longer wanted"},
	{From: Claimed, To: Acknowledged, By: "the target says yes"},
	{From: Claimed, To: Pending, By: "try again later, or the lease ended"},
	{From: Claimed, To: Failed, By: "refused, or too many attempts"},
	{From: Acknowledged, To: Verified, By: "a reading shows it"},
	{From: Acknowledged, To: Pending, By: "a reading does not show it"},
	{From: Acknowledged, To: Failed, By: "still not shown after several attempts"},
	{From: Acknowledged, To: Cancelled, By: "overtaken before it was read"},
	{From: Failed, To: Pending, By: "retried by a person"},
}

// MaxAttempts is how often an operation is tried before it counts as failed.
const MaxAttempts = 12
