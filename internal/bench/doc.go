// Package bench measures Tenure against what the machine can do at best, so that a figure means the same on every machine.
//
// Each measure is a pair: the product, and a floor that does the physical minimum of the same work with nothing around it. Both
// run in one process against one PostgreSQL server with full durability, in turn, several times; what is reported is the median
// of the ratios of the pairs, with the least and the greatest, and the floors themselves, so that a broken floor is seen. A time
// counts only after the result was found right: what was written is compared, table by table, with what a small twin of the
// policy expects, and the final state must be the same in every repetition.
//
// The package measures only: it decides nothing and no room knows it. It may use any room, as the other packages of the
// assembly do, and the stopwatch (time.Now) is its own.
//
// docs/reference/bench.md says what the measures are and what they gave.
package bench
