// Package file reads the HR source "file": a CSV (RFC 4180) or XLSX file becomes a source.Reading.
//
// One road for both formats:
//
//	bytes -> SHA-256 -> text (decode.go) -> rows (lexer.go, or xlsx.go) -> header found, columns placed (plan.go)
//	      -> a record or a reject for each row (row.go, text.go) -> duplicates out (duplicates.go) -> is it whole (read.go)
//
// It promises that one bad row costs that row and no other; that nothing is guessed: not the encoding, not the order of
// day and month, not a missing column; that a file which may be cut gives no records at all; and that no text is stored
// that the file did not say (no replacement characters, no silently dropped bytes).
//
// It holds the whole file in memory and cells are substrings of it: 50,000 rows are read in about the time it takes to
// split them into lines and hash them a few times over. Package hr drops the records when the snapshot is stored.
package file
