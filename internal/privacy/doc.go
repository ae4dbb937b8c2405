// Package privacy erases people who left, keeps each kind of record for its time, and holds what somebody asked to hold.
//
// What is personal about somebody stands in two places. In the log it is sealed under a key of the person: erasing them destroys the key, so that
// no event changes and none of it can be read. In rows it stands openly: erasing them puts a mark ("erased person #12") in its place, and leaves
// ids, dates, reasons and decisions as they are. Inventory says of every column of the database what it may hold and what becomes of it; a test
// fails on a column that it does not name.
//
// An erasure is asked for by one person and done by another. It is refused, in words, while anything stands against it (Against): work, access,
// something open, the time for which people are kept, a legal hold. Housekeeping proposes people whose time is over and deletes what is over of
// everything else (CarryOut); an event says how much of which kind, through which date.
//
//	asked -> done       by another person; or by itself, where compliance set it so, two weeks after it was announced
//	asked -> withdrawn  by anybody who may decide
//
// It stands beside audit, above the rooms whose rows it changes.
package privacy
