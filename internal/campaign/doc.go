// Package campaign is the review of access: what was seen at the targets at one moment, item by item; who is asked whether it stays; what
// they decide; and what becomes of what is to be removed.
//
// A campaign has a scope and stages. When it starts, its population is everything in scope that the last complete readings of the
// applications show. Each item keeps its context as it was then: why it is held, since when, when it was last used, how many peers hold it.
// What a birthright rule alone gives is one line for whoever owns the rule. What is likely fine is one batch of the reviewer's, which has to
// be opened before it can be kept. What is left is decided line by line, the risky first; no part of a reviewer, a review, is larger than the
// budget: what exceeds it is the review of a later wave.
//
//	draft -> open -> closing -> closed                 a campaign; cancelled ends a draft or an open one
//	waiting -> open -> signed                          a review; passed_on when somebody else decides it
//
// Decisions are drafts until the review is signed off. Then what is removed becomes removals: under the brake, after the challenge period or
// on the date that was chosen, they end the reasons for the access, and settling plans the operations. An item has no status for being done:
// a removal is verified when a reading that began afterwards does not show it any more, and a campaign closes when all are.
//
// Nobody decides about their own access, nor does who stands in for them: judge refuses it, which is pure, and so do named constraints.
//
// The room knows the ledger and what is below it. What a removal does to people is lifecycle's: Service is given it.
package campaign
