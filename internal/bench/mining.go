package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"text/tabwriter"
	"time"

	"tenure/internal/policy/mining"
)

// minedSets are the data sets of HP Labs with the least numbers of roles known for them (Ene et al., SACMAT 2008).
var minedSets = []struct {
	name string
	best int
}{{"americas_small", 178}, {"apj", 453}, {"domino", 20}, {"emea", 34}, {"fire1", 64}, {"fire2", 10}, {"hc", 14}}

// Goals of role mining: roles in all sets against the best known, and the time of a preview of the set with the most pairs.
const (
	miningRatio   = 1.04
	miningSeconds = 0.100
)

// Mining is what was mined.
type Mining struct {
	Missing   string   `json:"missing,omitempty"` // the file for the lack of which it was left out
	Sets      []*Mined `json:"sets,omitempty"`
	BestKnown int      `json:"best_known,omitempty"`
	Roles     int      `json:"roles,omitempty"`
	Ratio     float64  `json:"ratio,omitempty"` // Roles / BestKnown
	Met       bool     `json:"met"`
}

// Mined is what was measured of one set. A preview begins with the pairs in memory and ends with roles that give them all.
type Mined struct {
	Set          string  `json:"set"`
	People       int     `json:"people"`
	Entitlements int     `json:"entitlements"`
	Pairs        int     `json:"pairs"`
	BestKnown    int     `json:"best_known"`
	Roles        int     `json:"roles"`
	Bound        int     `json:"bound"` // fewer are impossible
	Ratio        float64 `json:"ratio"`
	PreviewRoles int     `json:"preview_roles"`
	Preview      Spread  `json:"preview_seconds"`
	Full         float64 `json:"full_seconds"`
	Met          *bool   `json:"met,omitempty"` // the preview of the largest
}

// mine mines every set. A cover that is not exact is an error.
func mine(ctx context.Context, o Options) (*Mining, error) {
	out := &Mining{}
	var largest *Mined
	for _, s := range minedSets {
		file := filepath.Join(o.Mining, s.name+".txt")
		set, err := mineSet(ctx, file, o.Repeat)
		if errors.Is(err, fs.ErrNotExist) {
			return &Mining{Missing: file, Met: true}, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		set.Set, set.BestKnown, set.Ratio = s.name, s.best, float64(set.Roles)/float64(s.best)
		_, _ = fmt.Fprintf(o.Log, "role mining: %s took %.1f s\n", s.name, set.Full)
		out.Sets = append(out.Sets, set)
		out.BestKnown += s.best
		out.Roles += set.Roles
		if largest == nil || set.Pairs > largest.Pairs {
			largest = set
		}
	}
	fast := largest.Preview.Median <= miningSeconds
	largest.Met = &fast
	out.Ratio = float64(out.Roles) / float64(out.BestKnown)
	out.Met = out.Ratio <= miningRatio
	return out, nil
}

func mineSet(ctx context.Context, file string, repeat int) (*Mined, error) {
	f, err := os.Open(file) //nolint:gosec // the operator says where
	if err != nil {
		return nil, err
	}
	pairs, err := mining.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	var took []float64
	var m *mining.Matrix
	var preview, cover *mining.Cover
	for range repeat + 1 {
		start := time.Now()
		m = mining.NewMatrix(pairs)
		was := preview
		if preview, err = mining.Mine(ctx, m, mining.Options{Effort: mining.Preview}); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start).Seconds())
		if was != nil && !reflect.DeepEqual(was, preview) {
			return nil, errors.New("two previews of the same pairs differ")
		}
	}
	start := time.Now()
	if cover, err = mining.Mine(ctx, m, mining.Options{Effort: mining.Thorough}); err != nil {
		return nil, err
	}
	out := &Mined{People: len(m.People()), Entitlements: len(m.Entitlements()), Pairs: m.Pairs(), Roles: len(cover.Roles), Bound: cover.Bound,
		PreviewRoles: len(preview.Roles), Preview: of(took[1:]), Full: time.Since(start).Seconds()}
	return out, errors.Join(m.Check(preview.Roles), m.Check(cover.Roles))
}

// met says whether every goal was met; what was left out misses none.
func (x *Mining) met() bool {
	if x == nil {
		return true
	}
	for _, s := range x.Sets {
		if s.Met != nil && !*s.Met {
			return false
		}
	}
	return x.Met
}

func (x *Mining) print(out io.Writer) {
	if x.Missing != "" {
		_, _ = fmt.Fprintf(out, "Role mining was left out: %s is missing.\n\n", x.Missing)
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) }
	p("role mining\tpeople\tentitlements\tpairs\tbest known\troles\tat least\tratio\tpreview\troles\tgoal\tfull\t\n")
	var people, ents, pairs, bound, preview int
	var full float64
	for _, s := range x.Sets {
		goal := ""
		if s.Met != nil {
			goal = mark("<= "+millis(miningSeconds), *s.Met)
		}
		p("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.3f\t%s\t%d\t%s\t%.2f s\t\n", s.Set, s.People, s.Entitlements, s.Pairs, s.BestKnown, s.Roles, s.Bound, s.Ratio,
			millis(s.Preview.Median), s.PreviewRoles, goal, s.Full)
		people, ents, pairs, bound = people+s.People, ents+s.Entitlements, pairs+s.Pairs, bound+s.Bound
		preview, full = preview+s.PreviewRoles, full+s.Full
	}
	p("all\t%d\t%d\t%d\t%d\t%d\t%d\t%.3f\t\t%d\t%s\t%.2f s\t\n", people, ents, pairs, x.BestKnown, x.Roles, bound, x.Ratio, preview,
		mark(fmt.Sprintf("ratio <= %.2f", miningRatio), x.Met), full)
	_ = w.Flush()
	_, _ = fmt.Fprintln(out, "Exact covers: no role gives anybody anything new, and every pair is given. Fewer roles than \"at least\" are impossible.")
	_, _ = fmt.Fprintln(out)
}

func mark(goal string, met bool) string {
	if !met {
		return goal + " MISSED"
	}
	return goal
}
