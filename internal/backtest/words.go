package backtest

import (
	"strings"
	"time"
)

// Head names the columns of a file of differences: the person, and those of Line.
var Head = []string{"person", "at", "what happened", "role", "would have got", "would not have had", "withheld", "no longer withheld", "SoD rules broken", "SoD rules not broken", "refused by", "no longer refused by"}

// Line gives a difference as a line of a file, without the person.
func (d *Difference) Line() []string {
	return []string{d.At.UTC().Format(time.RFC3339), d.What, d.Role, strings.Join(d.Gains, "; "), strings.Join(d.Lacks, "; "), strings.Join(keptWords(d.Withheld), "; "), strings.Join(keptWords(d.Freed), "; "),
		strings.Join(d.Breaks, "; "), strings.Join(d.Spares, "; "), strings.Join(refusals(d.Refused), "; "), strings.Join(refusals(d.Admitted), "; ")}
}

// Words says a difference in short, for the command line.
func (d *Difference) Words() []string {
	var out []string
	add := func(word string, all []string) {
		if len(all) > 0 {
			out = append(out, word+" "+strings.Join(all, ", "))
		}
	}
	add("+", d.Gains)
	add("-", d.Lacks)
	add("withheld", keptWords(d.Withheld))
	add("not withheld", keptWords(d.Freed))
	add("breaks", d.Breaks)
	add("does not break", d.Spares)
	add("not a member of "+d.Role+" because of", refusals(d.Refused))
	add("a member of "+d.Role+", which is refused today by", refusals(d.Admitted))
	return out
}

func keptWords(all []Kept) []string {
	var out []string
	for _, k := range all {
		out = append(out, k.Entitlement+" ("+k.Rule+")")
	}
	return out
}

func refusals(rules []string) []string {
	var out []string
	for _, rule := range rules {
		if rule == "" {
			rule = "there is no such role"
		}
		out = append(out, rule)
	}
	return out
}
