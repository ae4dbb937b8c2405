package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"tenure/internal/db"
	"tenure/internal/policy"
)

// Portal is what a decision about a permission of the portal costs once the version of the tables, which every request reads with its
// session, is known to this process. Seconds are those of one decision. Beside it, for the reader, what Casbin takes for the same
// questions over the same rules, and what the first request after a change pays.
type Portal struct {
	Permissions int    `json:"permissions"`
	Cached      Spread `json:"cached_p50_seconds"`
	Slow        Spread `json:"cached_p99_seconds"`
	Casbin      Spread `json:"casbin_p50_seconds"`
	Compiled    Spread `json:"compiled_seconds"`
	Met         bool   `json:"met"`
}

// portalGoal is for the median of a decision.
const portalGoal = 300e-9

// portal measures it, over the tables of a new database.
func (s *stage) portal(ctx context.Context, repeat int) (out *Portal, err error) {
	name, err := s.clone(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, name)) }()
	d, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := d.Do(ctx, db.System, policy.FillPortal); err != nil {
		return nil, err
	}
	var r *policy.Rights
	var compiled []float64
	took, err := clock(func() error {
		return d.Read(ctx, func(tx *db.Tx) (err error) { r, err = policy.RightsAt(tx); return err })
	})
	if err != nil {
		return nil, err
	}
	compiled = append(compiled, took.Seconds())
	enforce, err := r.Enforcer()
	if err != nil {
		return nil, err
	}
	all := policy.Portal.Permissions()
	out = &Portal{Permissions: len(all), Compiled: of(compiled)}
	var p50, p99, casbin []float64
	for range repeat {
		fast := decisions(all, 200, func(role []string, permission string) bool { return r.Allowed(role, permission) })
		slow := decisions(all, 1, func(role []string, permission string) bool {
			ok, enforced := enforce(role[0], permission)
			err = errors.Join(err, enforced)
			return ok
		})
		if err != nil {
			return nil, err
		}
		p50, p99, casbin = append(p50, at(fast, 0.5)), append(p99, at(fast, 0.99)), append(casbin, at(slow, 0.5))
	}
	for _, role := range policy.Portal.Roles() {
		for _, p := range all {
			if ok, err := enforce(role, p); err != nil || ok != r.Allowed([]string{role}, p) {
				return nil, fmt.Errorf("%s, %s: the snapshot and Casbin decide otherwise: %w", role, p, err)
			}
		}
	}
	out.Cached, out.Slow, out.Casbin = of(p50), of(p99), of(casbin)
	out.Met = out.Cached.Median <= portalGoal
	return out, nil
}

// decisions asks about every role and permission, so many times in a row that a clock can tell, and gives the seconds of one.
func decisions(permissions []string, row int, decide func([]string, string) bool) []float64 {
	var out []float64
	allowed := 0
	for _, role := range policy.Portal.Roles() {
		roles := []string{role}
		for _, p := range permissions {
			start := time.Now()
			for range row {
				if decide(roles, p) {
					allowed++
				}
			}
			out = append(out, time.Since(start).Seconds()/float64(row))
		}
	}
	if allowed == 0 {
		return nil
	}
	return out
}

func (p *Portal) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	goal := fmt.Sprintf("<= %.0f ns", portalGoal*1e9)
	if !p.Met {
		goal += " MISSED"
	}
	_, _ = fmt.Fprintf(w, "portal permission\tp50\tp99\tgoal\tCasbin asked anew\tfirst after a change\t\n")
	_, _ = fmt.Fprintf(w, "decision\t%.0f ns\t%.0f ns\t%s\t%.1f µs\t%s\t\n", p.Cached.Median*1e9, p.Slow.Median*1e9, goal, p.Casbin.Median*1e6, millis(p.Compiled.Median))
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "%d permissions of %d roles; the version of the tables is read with the session and picks what was compiled.\n\n", p.Permissions, len(policy.Portal.Roles()))
}
