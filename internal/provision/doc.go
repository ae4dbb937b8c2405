// Package provision carries operations to the targets and reads the targets back.
//
// A bell (access.WorkArgs) wakes a worker; the worker claims heads of lanes, calls the connector, and reports under its claim
// epoch. What a target acknowledged is not done yet: only a reading that began after the acknowledgement and shows it makes
// an operation verified. Few changes are read back account by account, many with one reading of the whole target, which also
// finds orphans, what disappeared and what came by another way (drift).
//
//	claim -> connector -> acknowledged -> reading -> verified
//	           |  \-> again later (backoff with jitter), or failed and alarmed
//	           \-> ambiguous: the next attempt asks the target first, by our external id
//
// A reading is all or nothing: a listing that breaks off is an error and changes nothing.
//
// Neighbours: access owns the operations, catalog owns accounts and readings. Provision never decides who should have what.
package provision
