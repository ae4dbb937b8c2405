package bench

import (
	"fmt"
	"strings"

	"tenure/internal/hr"
)

// area is what a department's role gives, in both applications.
var area = []string{"making", "making", "making", "making", "selling", "selling", "selling", "money", "money", "staff", "law", "house"}

// entitlements gives what policy.yaml gives to a person who works here: the twin of the rules, without the engine.
func entitlements(p *Person) []string {
	a := area[p.Department]
	out := []string{"directory/everybody", "directory/intranet", "directory/" + a, "warehouse/" + a}
	if t := titles[p.Title]; strings.HasPrefix(t, "Senior ") {
		out = append(out, "warehouse/review")
	} else if strings.HasPrefix(t, "Head ") {
		out = append(out, "directory/heads", "warehouse/review")
	}
	if p.Location >= 4 {
		out = append(out, "directory/overseas")
	}
	return out
}

// reasons counts the birthright reasons that the people should have.
func reasons(people []Person) int {
	n := 0
	for i := range people {
		if people[i].here() {
			n += len(entitlements(&people[i]))
		}
	}
	return n
}

// firstLoad gives how many rows the first load of the people must write, by table. What a table outside the map gets is no
// fact about people: it is part of the floor all the same.
func firstLoad(people []Person) map[string]int {
	all, here, due := len(people), 0, 0
	units := map[int]bool{}
	for i := range people {
		p := &people[i]
		units[p.Department] = true
		if p.here() {
			here++
		} else {
			due++
		}
		if p.LastDay != "" {
			due++
		}
	}
	grants := reasons(people)
	return map[string]int{
		"identity": all, "identity_key": all, "employment": all, "employment_version": all, "unit": len(units), "due": due,
		"reason": grants, "account": 2 * here, "account_link": 2 * here, "account_name": 2 * here,
		"operation": 2*here + grants, // a creation for each account and a grant for each entitlement
		"event":     all + 1,         // one for each person and one for the snapshot
		"snapshot":  1, "snapshot_body": 1,
	}
}

// wrote compares what was written with what must be.
func wrote(want map[string]int, got map[string]int64) error {
	for table, n := range want {
		if got[table] != int64(n) {
			return fmt.Errorf("the first load wrote %d rows into %s and must write %d", got[table], table, n)
		}
	}
	return nil
}

// answered compares what a sync said with what it must say.
func answered(what string, r *hr.Result, want hr.Result) error {
	if r.Held || len(r.Rejected) > 0 {
		return fmt.Errorf("%s: held %v (%s), %d rows rejected", what, r.Held, r.Reason, len(r.Rejected))
	}
	if r.Joiners != want.Joiners || r.Movers != want.Movers || r.Leavers != want.Leavers || r.Updated != want.Updated ||
		r.Unchanged != want.Unchanged || r.Returns != want.Returns {
		return fmt.Errorf("%s: the sync says %d joiners, %d movers, %d leavers, %d returns, %d updated, %d unchanged; it must say %d, %d, %d, %d, %d, %d",
			what, r.Joiners, r.Movers, r.Leavers, r.Returns, r.Updated, r.Unchanged,
			want.Joiners, want.Movers, want.Leavers, want.Returns, want.Updated, want.Unchanged)
	}
	return nil
}
