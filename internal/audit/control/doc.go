// Package control says how the access of an organisation is controlled, and shows it to auditors.
//
//	control -> population -> sample -> sheet -> pack
//
// A control is a line of a framework, in Tenure's own words, with the populations that evidence it. A population is a query over a period
// [from, to): items with ids that stay, and beside what is listed a count made another way. A difference is shown and not explained away.
// A sample is drawn by a published seed: items in the order of SHA-256(seed, 0x00, id), the first n; anybody can draw it again. A sheet is
// what there is to say of one item, with the numbers of the events in the log on which it rests.
//
// Figures of a control can be sent by mail, again and again (schedule.go): counts, and nobody's name. Beside a large log pages tell figures that were
// kept (figure.go); packs, samples and letters are always counted when they are made.
//
// What stands here is evidence and English, as the log is.
package control
