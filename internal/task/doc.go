// Package task is long work that somebody watches: a file that is read, a held batch that is released, a target that is read
// whole, a big export. Each task is a row with a page of its own, safe to leave and to come back to.
//
//	queued -> running -> done | failed | cancelled
//
// A worker holds a lock of the database for as long as it works on a task, so its death shows at once: whoever sweeps finds a
// running task whose lock is free and gives it to another worker, under the next epoch. An older epoch changes nothing.
//
// Promises: the effect of a task and its end are one transaction, so nothing is half done and nothing twice; whoever cancels
// before that transaction commits finds nothing done. Progress is written beside it, at most twice a second. Arguments carry
// ids and names; what is personal is sealed in task_file and kept for a day.
package task
