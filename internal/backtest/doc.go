// Package backtest replays what happened in the last days against a changed policy and says what would have differed.
//
// For everybody about whom something changed in that time, two histories are computed by the functions that settle people
// (lifecycle.Replay): one as if the policy that holds now had been put into force when the time begins, one with the changed policy. Both
// begin with what the person held then, and both go through the same instants: what HR said and when it was known, what it said would
// begin or end, terminations, exceptions, and the memberships and requests that people decided; one that a policy refuses does not come about
// under it. After each instant the two are compared, and what differs anew is a difference.
//
//	change.Suppose -> two policies     employment_version, role_member, request_item ... -> History -> 2 x lifecycle.Replay -> Difference
//
// It reads at one moment, in chunks of people, with a handful of queries each, and writes nothing but its own tables.
//
// Neighbours: change compiles the changed policy, lifecycle replays one person. Nothing in the house depends on what is found here.
package backtest
