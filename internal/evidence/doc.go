// Package evidence is the log of what happened: the event, its canonical bytes, and the sealing of personal values.
//
// An event says who did what, when, why and from which source. Its leaf, the canonical bytes, is written once and never
// changes. Personal values stand only in the sealed part, encrypted under a key of the person they are about; the leaf holds
// the hash of that ciphertext, so erasing the key erases the person and the log still verifies. The package is pure: it knows
// no database.
package evidence
