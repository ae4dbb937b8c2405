// Package sod weighs segregation of duties: who holds, or would hold, what nobody should hold together.
//
// A duty is a set of entitlements, of any applications, that together perform a business function: holding one of them is
// performing it (any-of), or only holding all of them is (all-of). A SoD rule names two or more duties and how many of them one
// person may not perform at the same time: all of them, or n of m. A holding is a person's entitlement with the time in which it
// is theirs; what is held now, what begins later, what ends and what somebody was lent are all holdings. A rule is broken, which
// is a violation, when at some instant at least so many of its duties are performed by what is held at that instant: holdings
// whose times do not meet do not conflict. One entitlement may stand in two duties of one rule; who holds it performs both.
//
// The package is pure: no database, no clock, no texts. It promises:
//
//   - Compile refuses what has no meaning, naming the duty or rule and its field; what it gave never changes and may be asked by
//     many at once.
//   - Check and CheckAdd are exact in time and give, for each broken rule, one explanation from which nothing can be left out.
//     They do not allocate when nothing conflicts, and what they cost depends on the person alone, not on how many people there are.
//   - Population says the same of everybody at once as Check says of each, after any sequence of additions and replacements.
//   - ReadMatrix takes a row of a rule matrix whole or says why not.
//
// Severity, reaction, owner, exceptions and who is in a rule's scope are the caller's. Property tests hold all of it to a
// brute-force oracle that looks at every instant (internal/policy/sod/oracle_test.go).
package sod
