// Package audit reads what is and why: counts, the grants of a person with every reason in words, why somebody does not hold
// something, one timeline of a person, what waits for whom (Inbox), figures of everything (Compute), and roles and unusual access
// in what is held (Mine). Of what it reads it changes nothing; the figures and the runs of Mine are its own.
package audit
