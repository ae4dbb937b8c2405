// Package trail seals the evidence log and proves from it.
//
// One sequencer at a time takes, after their commit, the events that it has not taken yet, gives each its number in the log, and signs the
// head of the tree over all of them: a checkpoint. What it does is found by transaction: a snapshot of PostgreSQL says which transactions it
// could see, and the next batch takes those that it could not. So an event whose transaction commits late comes later in the log and is never
// passed over, and nothing waits for a long transaction of somebody else.
//
// Checkpoints are shown to witnesses, written to a file and sent by mail; Verify reads everything again and compares; Pack writes what an
// auditor takes along.
package trail
