package control

import (
	"slices"
	"strings"
)

// Control is one line of a framework.
type Control struct {
	Key         string // stands in addresses: "soc2-cc6.2"
	Framework   string
	Code        string // as the framework names it: "CC6.2"
	Title       string
	About       string   // what is to be seen, in Tenure's words; the framework's text is not repeated
	Populations []string // keys, the most telling first
}

// Frameworks in the order in which pages show them.
var Frameworks = []string{"SOX ITGC", "SOC 2", "ISO/IEC 27001:2022", "NIST SP 800-53 r5"}

// Controls are those that Tenure's data can evidence. Codes follow the AICPA trust services criteria of 2017, ISO/IEC 27001:2022 Annex A and
// NIST SP 800-53 revision 5; the SOX ones have no official numbers and are named as auditors do.
var Controls = []Control{
	{"sox-provisioning", "SOX ITGC", "Access provisioning", "New access is approved and given in time", "Whoever got access had a rule, or somebody else's approval, before they got it.", []string{Joiners, Requests, Movers, Access, AccessByApplication}},
	{"sox-removal", "SOX ITGC", "Access removal", "Access of leavers is taken away in time", "Nobody who left can still sign in; each removal was read back at the target.", []string{Leavers, Removals, Orphans}},
	{"sox-review", "SOX ITGC", "Access review", "Access is reviewed, and what is not needed goes", "Each item of a review was decided by somebody else, and what was to be removed is gone.", []string{Reviews, Removals, Access, AccessByApplication}},
	{"sox-sod", "SOX ITGC", "Segregation of duties", "Nobody combines duties that must be kept apart", "Conflicts were found, and resolved or accepted by somebody else until a date.", []string{Violations, Exceptions, PolicyChanges}},
	{"sox-privileged", "SOX ITGC", "Privileged access", "Powerful access is limited and its use is known", "Who holds privileged access, and who used it for a time.", []string{Privileged, PrivilegedUse}},

	{"soc2-cc6.1", "SOC 2", "CC6.1", "Access is limited to who needs it", "What everybody holds at the end of the period, and by which reason.", []string{Access, AccessByApplication, Privileged, Orphans}},
	{"soc2-cc6.2", "SOC 2", "CC6.2", "Users are registered and authorised before they get access, and removed when they go", "Joiners, what was asked for, and leavers, with times.", []string{Joiners, Requests, Leavers}},
	{"soc2-cc6.3", "SOC 2", "CC6.3", "Access follows the role, and changes with it", "Movers, reviews, removals, and duties kept apart.", []string{Movers, Requests, Reviews, Removals, Violations, Exceptions, PolicyChanges}},

	{"iso-a.5.15", "ISO/IEC 27001:2022", "A.5.15", "Rules for access are stated and kept", "Changes of the policy, who approved them, and what people hold by it.", []string{PolicyChanges, Access, Exceptions}},
	{"iso-a.5.16", "ISO/IEC 27001:2022", "A.5.16", "Identities have a life from beginning to end", "Joiners, movers, leavers, and accounts that are nobody's.", []string{Joiners, Movers, Leavers, Orphans}},
	{"iso-a.5.17", "ISO/IEC 27001:2022", "A.5.17", "Means of signing in are handed out and taken back", "First access of joiners, and accounts and tokens of leavers.", []string{Joiners, Leavers, PrivilegedUse}},
	{"iso-a.5.18", "ISO/IEC 27001:2022", "A.5.18", "Access is given, reviewed, changed and taken away", "Requests, reviews and removals, with who decided.", []string{Requests, Reviews, Removals, Movers, Leavers}},

	{"nist-ac-2", "NIST SP 800-53 r5", "AC-2", "Accounts are managed", "Accounts that began, changed and ended, and what is there now.", []string{Joiners, Movers, Leavers, Requests, Reviews, Orphans, Access}},
	{"nist-ac-5", "NIST SP 800-53 r5", "AC-5", "Duties are separated", "Conflicts, and exceptions with their controls.", []string{Violations, Exceptions, PolicyChanges}},
	{"nist-ac-6", "NIST SP 800-53 r5", "AC-6", "Nobody holds more than needed", "Privileged access, its use, and reviews.", []string{Privileged, PrivilegedUse, Reviews, Access}},
	{"nist-ps-4", "NIST SP 800-53 r5", "PS-4", "Access ends with the job", "Leavers, from the end of the job to the last verified removal.", []string{Leavers, Removals, Orphans}},
	{"nist-ps-5", "NIST SP 800-53 r5", "PS-5", "Access follows a move", "Movers: what they keep, gain and lose.", []string{Movers, Reviews}},
}

// Find gives a control by its key.
func Find(key string) (Control, bool) {
	i := slices.IndexFunc(Controls, func(c Control) bool { return c.Key == key })
	if i < 0 {
		return Control{}, false
	}
	return Controls[i], true
}

// Named gives a control by its key, also as people write it: soc2:CC6.2.
func Named(text string) (Control, bool) {
	return Find(strings.ToLower(strings.NewReplacer(":", "-", " ", "-").Replace(strings.TrimSpace(text))))
}

// Has says whether a population evidences the control.
func (c Control) Has(population string) bool { return slices.Contains(c.Populations, population) }

// Full names the control with its framework.
func (c Control) Full() string { return c.Framework + " " + c.Code }
