// Package source is the contract of an HR source: what one reading of it looks like, whoever made it.
//
// A source states, for each employment, one Record: who, from when to when, with which attributes. A Reading is one look at
// the source: the records, the rows that could not be read (Reject), and whether the reading as a whole can be trusted
// (Broken). Mapping says how the columns of a file become records.
//
// What the contract promises to package hr, which weighs and stores readings:
//
//   - Every data row is either a record or exactly one reject: Rows = len(Records) + len(Rejects), unless Broken.
//   - A broken reading has no records at all, so nothing of it can be applied by mistake.
//   - A rejected row keeps its employee number where that could be read, so that its person is not taken for absent.
//   - Equal statements have equal hashes, in every process and whatever the order of rows or columns.
//
// The package is pure: no database, no network, no clock. Neighbours: hr/file reads CSV and XLSX into readings; hr/hrtest
// is the suite every source passes; hr makes snapshots and changes of readings.
package source
