// Package audit reads what is and why: counts, the grants of a person with every reason in words, why somebody does not hold
// something, one timeline of a person, what waits for whom (Inbox), and figures of everything (Compute). Of what it reads it
// changes nothing; the figures are its own.
package audit
