// Package db is the floor: it opens PostgreSQL (or supervises a private one, in pgserver), migrates it, and gives the only
// way to write: Do, one transaction that knows the actor and both clocks and carries gorm, the job queue and the evidence
// log together. Either all of it commits or none of it.
//
// Never call the network inside Do, and never swallow an error of Enqueue there.
package db
