// Package audit reads what is and why: counts, the grants of a person with every reason in words, why somebody does not hold
// something, and one timeline of a person. It writes nothing.
package audit
