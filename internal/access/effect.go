package access

// Undo is what a change did to one person that is taken back, by entitlement: what it had given yields to what it had taken, which
// comes back even where it breaks an SoD rule, as it did before.
type Undo struct{ Gave, Took map[int]bool }

// PersonEffect is what a change does to one person: entitlements gained and lost, SoD rules broken and not broken any more, what is
// withheld because of a rule, and how many operations it makes. All ids ascending.
type PersonEffect struct {
	Identity        int
	Gains, Loses    []int
	Opens, Resolves []int // SoD rules
	Withheld        []int // entitlements, those that were withheld before not counted
	Operations      int
}
