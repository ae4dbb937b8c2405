package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tenure/internal/errs"
)

// OfferSpec is the spec of kind Offer in a policy file: one line of the catalogue of what people can ask for, in plain words, with its levels.
type OfferSpec struct {
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Tasks       []string `json:"tasks,omitempty"`        // what somebody wants to do, in the words in which they search
	Levels      []Level  `json:"levels,omitempty"`       // the lowest first; at least one
	For         string   `json:"for,omitempty"`          // CEL over the attributes of an employment: who may be given it; empty for everybody
	Days        int      `json:"days,omitempty"`         // proposed; 0: DefaultDays, or LongestDays where that is less
	LongestDays int      `json:"longest_days,omitempty"` // 0: DefaultLongest
	Activate    *Hours   `json:"activate,omitempty"`     // set: eligible people hold it only for hours at a time
	Emergency   *Hours   `json:"emergency,omitempty"`    // set: break-glass for those it names
}

// Level is how much of an offer somebody asks for: either a role or entitlements.
type Level struct {
	Name         string   `json:"name"`
	Title        string   `json:"title,omitempty"` // the name where the file gives none
	Role         string   `json:"role,omitempty"`
	Entitlements []string `json:"entitlements,omitempty"`
}

// Hours says who holds something for hours at a time, and for how many at most.
type Hours struct {
	For   string `json:"for"` // CEL over the attributes of an employment: who. It is asked instead of the offer's own for
	Hours int    `json:"hours,omitempty"`
}

// Bounds and usual values of an offer.
const (
	DefaultDays    = 90
	DefaultLongest = 365
	MaxDays        = 366
	DefaultHours   = 4
	MaxHours       = 24
)

// given is a level with what it names resolved.
type given struct {
	Role         int   `json:"role,omitempty"`
	Entitlements []int `json:"entitlements,omitempty"`
}

// Offer is an offer, compiled. Its spec has every usual value filled in.
type Offer struct {
	Object
	row                      *row
	may, activate, emergency *condition // nil where there is none
}

// offer gives the spec of an offer with the usual values.
func (s *record) offer() *OfferSpec {
	o := &OfferSpec{Title: s.Title, Description: s.Description, Owner: s.Owner, Tasks: s.Tasks, Levels: slices.Clone(s.Levels), For: s.For,
		LongestDays: cmp.Or(s.LongestDays, DefaultLongest), Activate: s.Activate.filled(), Emergency: s.Emergency.filled()}
	o.Days = cmp.Or(s.Days, min(DefaultDays, o.LongestDays))
	for i := range o.Levels {
		o.Levels[i].Title = cmp.Or(o.Levels[i].Title, o.Levels[i].Name)
	}
	return o
}

func (h *Hours) filled() *Hours {
	if h == nil {
		return nil
	}
	return &Hours{For: h.For, Hours: cmp.Or(h.Hours, DefaultHours)}
}

// linkLevels resolves what the levels name.
func (d *draft) linkLevels(s *record, specs map[string]row, add adder) {
	s.Given = nil
	for i, l := range s.Levels {
		var g given
		at := fmt.Sprintf("spec.levels[%d].", i)
		if l.Role != "" {
			role, ok := specs[keyOf(KindRole, l.Role)]
			if !ok {
				add(at+"role", "there is no role %q", l.Role)
			}
			g.Role = role.ID
		}
		g.Entitlements = d.expand(at+"entitlements", l.Entitlements, add)
		s.Given = append(s.Given, g)
	}
}

func checkOffer(s *record, env *environment, add adder) {
	if len(s.Levels) == 0 {
		add("spec.levels", "is required: name at least one level, the lowest first")
	}
	checkLevels(s.Levels, add)
	for i, task := range s.Tasks {
		if strings.TrimSpace(task) == "" {
			add(fmt.Sprintf("spec.tasks[%d]", i), "must say what somebody wants to do")
		}
	}
	longest := cmp.Or(s.LongestDays, DefaultLongest)
	if s.LongestDays < 0 || s.LongestDays > MaxDays {
		add("spec.longest_days", "is %d and must be from 1 to %d", s.LongestDays, MaxDays)
	} else if s.Days < 0 || s.Days > longest {
		add("spec.days", "is %d and must be from 1 to longest_days, %d", s.Days, longest)
	}
	var read []string
	if s.For != "" {
		read = compiles(env, "spec.for", s.For, add)
	}
	read = append(read, checkHours(s.Activate, "spec.activate", env, add)...)
	read = append(read, checkHours(s.Emergency, "spec.emergency", env, add)...)
	slices.Sort(read)
	s.Attributes = slices.Compact(read)
}

// checkHours gives the variables that the condition reads and that are not standard.
func checkHours(h *Hours, at string, env *environment, add adder) []string {
	if h == nil {
		return nil
	}
	if h.Hours < 0 || h.Hours > MaxHours {
		add(at+".hours", "is %d and must be from 1 to %d", h.Hours, MaxHours)
	}
	return compiles(env, at+".for", h.For, add)
}

func checkLevels(levels []Level, add adder) {
	names := map[string]bool{}
	for i, l := range levels {
		at := fmt.Sprintf("spec.levels[%d]", i)
		if rule := checkName(l.Name); rule != "" {
			add(at+".name", "%s", rule)
		} else if names[l.Name] {
			add(at+".name", "names %q twice", l.Name)
		}
		names[l.Name] = true
		if (l.Role == "") == (len(l.Entitlements) == 0) {
			add(at, "must give either a role or entitlements")
		}
	}
}

// compileOffers makes the offers of their rows.
func (s *Snapshot) compileOffers(env *environment) error {
	s.offers = map[int]*Offer{}
	for i := range s.rows {
		r := &s.rows[i]
		if r.Kind != KindOffer {
			continue
		}
		o := &Offer{Object: *s.objects[r.ID], row: r}
		var err error
		if r.Spec.For != "" {
			o.may, err = env.compile(r.Spec.For)
		}
		if h := r.Spec.Activate; h != nil && err == nil {
			o.activate, err = env.compile(h.For)
		}
		if h := r.Spec.Emergency; h != nil && err == nil {
			o.emergency, err = env.compile(h.For)
		}
		if err != nil {
			return fmt.Errorf("offer %s: %w", r.Name, err)
		}
		s.offers[r.ID] = o
	}
	return nil
}

// Offer gives an offer of this version by id; nil when there is none.
func (s *Snapshot) Offer(id int) *Offer { return s.offers[id] }

// Offers gives all of them, by title.
func (s *Snapshot) Offers() []*Offer {
	out := make([]*Offer, 0, len(s.offers))
	for _, o := range s.offers {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *Offer) int { return cmp.Or(cmp.Compare(a.Title, b.Title), a.ID-b.ID) })
	return out
}

// May says whether somebody with this employment may be given the offer: its for.
func (o *Offer) May(a Attrs) (bool, error) {
	if o.may == nil {
		return true, nil
	}
	return o.may.holds(a)
}

// MayActivate says whether somebody with this employment may hold the offer for hours at a time: the for of its activate, and that alone.
func (o *Offer) MayActivate(a Attrs) (bool, error) { return o.activate.permits(a) }

// MayBreakGlass says whether somebody with this employment may take the offer at once in an emergency: the for of its emergency, and that
// alone.
func (o *Offer) MayBreakGlass(a Attrs) (bool, error) { return o.emergency.permits(a) }

// permits is holds, where no condition permits nobody.
func (c *condition) permits(a Attrs) (bool, error) {
	if c == nil {
		return false, nil
	}
	return c.holds(a)
}

// Level says which level of an offer a name is, from 0 for the lowest, and what it names: the role's object id, or the entitlements in
// ascending order. ok is false where there is no such offer or level.
func (s *Snapshot) Level(offer int, level string) (at, role int, entitlements []int, ok bool) {
	o := s.offers[offer]
	if o == nil {
		return 0, 0, nil, false
	}
	at = slices.IndexFunc(o.row.Spec.Levels, func(l Level) bool { return l.Name == level })
	if at < 0 {
		return 0, 0, nil, false
	}
	g := o.row.Spec.Given[at]
	return at, g.Role, slices.Clone(g.Entitlements), true
}

// LevelGives gives what somebody gets with a level of an offer: its entitlements, or what its role gives with these parameters, as RoleGives
// does. The rule of each is 0. The slice must not be changed.
func (s *Snapshot) LevelGives(offer int, level, param string) ([]Give, error) {
	_, role, entitlements, ok := s.Level(offer, level)
	if !ok {
		return nil, errs.NotFound("there is no such offer, or it has no level %q any more", level)
	}
	if role != 0 {
		return s.RoleGives(role, param)
	}
	out := make([]Give, len(entitlements))
	for i, e := range entitlements {
		out[i] = Give{Entitlement: e}
	}
	return out, nil
}

// OfferMost gives the distinct entitlements that any level of an offer may give, ascending, whatever the parameters of its roles.
func (s *Snapshot) OfferMost(offer int) []int {
	o := s.offers[offer]
	if o == nil {
		return nil
	}
	var out []int
	for _, g := range o.row.Spec.Given {
		out = append(out, g.Entitlements...)
		for _, give := range s.RoleMost(g.Role) {
			out = append(out, give.Entitlement)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// OffersRead gives the attributes by which offers are for somebody, sorted.
func (s *Snapshot) OffersRead() []string {
	var out []string
	for _, o := range s.offers {
		if o.may != nil {
			out = append(out, o.may.attrs...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
