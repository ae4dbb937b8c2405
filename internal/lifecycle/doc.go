// Package lifecycle is joiner, mover, leaver, leave, return and rehire: what must follow when a person changes.
//
// Settle is the one function for all of it: given people and what is believed about them, it computes state, reasons and
// operations and writes them in the caller's transaction, with one event per person. It works alike for one person after an
// HR event, for everybody after a policy change, and for a preview that is rolled back.
//
//	hr, change, terminate, due ---> Settle ---> identity.state, reason, operation, due, event
//
// What happens by itself later (a first day, a hand-over that ends, an account whose retention is over) stands in the table
// due; RunDue settles the people at those instants, in order. River only rings.
package lifecycle
