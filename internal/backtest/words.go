package backtest

import (
	"fmt"
	"strings"
	"time"
)

// Head names the columns of a file of differences: the person, and those of Line.
var Head = []string{"person", "at", "what happened", "role", "request", "would have got", "would not have had", "withheld", "no longer withheld", "SoD rules broken", "SoD rules not broken", "refused by", "no longer refused by"}

// Line gives a difference as a line of a file, without the person.
func (d *Difference) Line() []string {
	return []string{d.At.UTC().Format(time.RFC3339), d.What, d.Role, d.request(), strings.Join(d.Gains, "; "), strings.Join(d.Lacks, "; "), strings.Join(keptWords(d.Withheld), "; "), strings.Join(keptWords(d.Freed), "; "),
		strings.Join(d.Breaks, "; "), strings.Join(d.Spares, "; "), strings.Join(d.refusals(d.Refused), "; "), strings.Join(d.refusals(d.Admitted), "; ")}
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
	what := "a member of " + d.Role
	if d.Request != 0 {
		what = "granted " + d.request()
	}
	add("not "+what+" because of", d.refusals(d.Refused))
	add(what+", which is refused today by", d.refusals(d.Admitted))
	return out
}

// request names the request that was granted: "R-12 CRM, read".
func (d *Difference) request() string {
	if d.Request == 0 {
		return ""
	}
	return fmt.Sprintf("R-%d %s, %s", d.Request, d.Offer, d.Level)
}

func keptWords(all []Kept) []string {
	var out []string
	for _, k := range all {
		out = append(out, k.Entitlement+" ("+k.Rule+")")
	}
	return out
}

func (d *Difference) refusals(rules []string) []string {
	var out []string
	for _, rule := range rules {
		switch {
		case rule != "":
		case d.Request != 0:
			rule = "it is not offered to them"
		default:
			rule = "there is no such role"
		}
		out = append(out, rule)
	}
	return out
}
