// Package request is asking for access and deciding it.
//
// A request is what one person asks for another or for themselves, with a reason: a cart of items. Each item names an offer of the
// policy and a level of it, and goes its own way: the approval rule that holds at submission gives its steps, which stay as they are then.
// A step is asked of named people, the holders, and has a clock in working time: they are reminded, others are asked besides, and in the
// end the step expires. Nothing is ever approved by time.
//
//	asked -> step -> step -> granted -> ended          an item; denied, cancelled and expired end it before
//
// An item that is granted is a fact like a membership in a role: settling makes the reasons for access from it, and weighs it against the
// SoD rules under the person's lock once more.
//
// Nobody decides for themselves: requester, beneficiary and whoever stands in for them are refused by judge, which is pure, and by named
// constraints of the database, whoever calls.
//
// The room asks policy for offers and paths and notify to tell people. What follows from a grant is lifecycle's: Service is given it.
package request
