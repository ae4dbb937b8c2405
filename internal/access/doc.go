// Package access is the ledger, the heart of Tenure: which reasons people have for what they hold, what should therefore be
// at the targets, and the difference to carry there. It is the only door to grant or revoke.
//
// A grant is a person holding an entitlement; it lives exactly as long as one of its reasons lives. Desired computes the
// reasons a person should have from facts, pure; Plan computes the operations from what is desired, what was last read from
// the targets and what is already on its way, pure. Write stores both in one transaction. An operation then lives its own
// life, fenced by its claim epoch (see state.go); provision carries it to the target.
//
// The brake weighs mass effects before they are written (brake.go); a hold waits for a second person.
//
// Neighbours: identity, catalog and policy give the facts; lifecycle puts people together with what must follow; provision
// claims operations here and reports what became of them.
package access
