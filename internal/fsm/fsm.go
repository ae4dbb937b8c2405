// Package fsm is a table of the allowed moves between states. It refuses every other move and draws itself.
package fsm

import (
	"fmt"
	"slices"
	"strings"
)

// Move is one allowed move and the word for what causes it.
type Move[S ~string] struct {
	From, To S
	By       string
}

// Table is all allowed moves of one kind of thing.
type Table[S ~string] []Move[S]

// May says whether a move is allowed.
func (t Table[S]) May(from, to S) bool {
	return slices.ContainsFunc(t, func(m Move[S]) bool { return m.From == from && m.To == to })
}

// Check refuses a move that is not in the table.
func (t Table[S]) Check(from, to S) error {
	if !t.May(from, to) {
		return fmt.Errorf("no move leads from %s to %s", from, to)
	}
	return nil
}

// Into gives the states from which a state may be reached, for the where clause of an update.
func (t Table[S]) Into(to S) []string {
	var out []string
	for _, m := range t {
		if m.To == to && !slices.Contains(out, string(m.From)) {
			out = append(out, string(m.From))
		}
	}
	return out
}

// Mermaid draws the table as a state diagram.
func (t Table[S]) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, m := range t {
		from, to := string(m.From), string(m.To)
		if from == "" {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", from, to, m.By)
	}
	return b.String()
}
