package access

// PersonEffect is what a change does to one person: entitlements gained and lost, SoD rules broken and not broken any more, what is
// withheld because of a rule, and how many operations it makes. All ids ascending.
type PersonEffect struct {
	Identity        int
	Gains, Loses    []int
	Opens, Resolves []int // SoD rules
	Withheld        []int // entitlements, those that were withheld before not counted
	Operations      int
}
