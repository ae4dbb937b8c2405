package change

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// History is one object of the policy with everything it ever was. An object is its kind and name: one that ended and came back is the same.
type History struct {
	ID       int
	Kind     string // as policy files call it
	Name     string
	Title    string // of the newest version, the name where it has none
	Versions []Version
}

// Version is one version of an object, which holds from one version of the policy until another.
type Version struct {
	N      int
	Policy int // the version of the policy that brought it
	Since  time.Time
	By     string // who applied it; of a change set, who approved it
	Note   string
	Set    int    // the change set that brought it; 0 for policy files
	Author string // who planned that
	// Until is when another version took its place or the object ended; nil while it holds.
	Until *time.Time
	Ended *Ending // set when the object ended with it
	spec  any
}

// Ending is the end of an object.
type Ending struct {
	Policy int
	By     string
	Note   string
	Set    int
}

// bringing joins a version of the policy with who applied it and the change set that made it: one that only changed an application is
// applied under the version that was there already.
const bringing = `policy_version %[1]s join actor %[1]sa on %[1]sa.id = %[1]s.actor_id
	left join change_set %[1]sc on %[1]sc.applied_version = %[1]s.id and %[1]sc.policy_version < %[1]s.id`

// HistoryOf gives the versions of an object of the policy, the newest first.
func HistoryOf(tx *db.Tx, object int) (*History, error) {
	h := &History{ID: object}
	err := tx.QueryRow(`select `+fileKind+`, name from policy_object o where id = $1`, object).Scan(&h.Kind, &h.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such object of the policy")
	}
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`select s.n, v.id, v.applied_at, va.name, v.note, coalesce(vc.id, 0), coalesce(m.name, ''), e.applied_at,
			case when e.id is not null and not exists (select from policy_spec x where x.object_id = s.object_id and x.from_version = s.to_version) then e.id else 0 end,
			coalesce(ea.name, ''), coalesce(e.note, ''), coalesce(ec.id, 0), `+fileSpec+`
		from policy_spec s join (`+fmt.Sprintf(bringing, "v")+` left join actor m on m.id = vc.made_by) on v.id = s.from_version
			left join (`+fmt.Sprintf(bringing, "e")+`) on e.id = s.to_version
		where s.object_id = $1 order by s.n desc`, object)
	if err != nil {
		return nil, err
	}
	var v Version
	var end Ending
	var spec []byte
	_, err = pgx.ForEachRow(rows, []any{&v.N, &v.Policy, &v.Since, &v.By, &v.Note, &v.Set, &v.Author, &v.Until, &end.Policy, &end.By, &end.Note, &end.Set, &spec}, func() error {
		one := v
		if v.Until != nil {
			until := *v.Until
			one.Until = &until
		}
		if end.Policy != 0 {
			last := end
			one.Ended = &last
		}
		h.Versions = append(h.Versions, one)
		return json.Unmarshal(spec, &h.Versions[len(h.Versions)-1].spec)
	})
	if err == nil && len(h.Versions) == 0 {
		err = errs.NotFound("there is no such object of the policy")
	}
	if err != nil {
		return nil, err
	}
	h.Title = h.Name
	if m, ok := h.Versions[0].spec.(map[string]any); ok && m["title"] != nil {
		h.Title = fmt.Sprint(m["title"])
	}
	return h, nil
}

// Of gives a version by its number, nil for none.
func (h *History) Of(n int) *Version {
	i := slices.IndexFunc(h.Versions, func(v Version) bool { return v.N == n })
	if i < 0 {
		return nil
	}
	return &h.Versions[i]
}

// Ended says whether the object is not part of the policy any more.
func (h *History) Ended() bool { return h.Versions[0].Until != nil }

// Document writes a version as a policy file would declare it. Applied, it makes the object what it was.
func (h *History) Document(v *Version) (string, error) {
	return documentsOf([]object{{kind: h.Kind, name: h.Name, spec: v.spec}}, nil)
}

// Compare gives the fields in which two versions differ.
func Compare(from, to *Version) []FieldChange {
	return fieldChanges(flatten(from.spec), flatten(to.spec))
}

// Line is one line of a comparison of two texts. Op is "-" for one of the first text only, "+" for one of the second only, "" for both.
type Line struct{ Op, Text string }

// mostLines bounds the comparison, whose work grows with the product of the lines that differ: longer texts are shown one after the other.
const mostLines = 2000

// Lines compares two texts line by line: as many lines as possible, in their order, are those of both.
func Lines(from, to string) []Line {
	a, b := linesOf(from), linesOf(to)
	var out, tail []Line
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		out, a, b = append(out, Line{Text: a[0]}), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail, a, b = append(tail, Line{Text: a[len(a)-1]}), a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	if len(a) > mostLines || len(b) > mostLines {
		for _, l := range a {
			out = append(out, Line{"-", l})
		}
		a = nil
	}
	// common[i][j] is how many lines a[i:] and b[j:] have in common.
	common := make([][]int, len(a)+1)
	common[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		common[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, Line{Text: a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, Line{"-", a[i]})
			i++
		default:
			out = append(out, Line{"+", b[j]})
			j++
		}
	}
	return append(out, tail...)
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Back is the proposal that makes the object again what it was in one of its versions; one that ended is brought back.
func (h *History) Back(n int) (Proposal, error) {
	v := h.Of(n)
	if v == nil {
		return Proposal{}, errs.NotFound("%s %s has no version %d", h.Kind, h.Name, n)
	}
	body, err := h.Document(v)
	title := "Back to version %d: %s"
	if h.Ended() {
		title = "Bring back version %d: %s"
	}
	return Proposal{Title: fmt.Sprintf(title, n, h.Title), Body: body}, err
}
