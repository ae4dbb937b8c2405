package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
)

// Recompute is what it takes to work out anew what everybody should have: the product evaluates, weighs and compares with what everybody
// has and what their accounts hold, and finds nothing to write. The floor evaluates every rule for everybody, one after the other, and does
// nothing else. Both have in memory what they need. Whole is the product with its reading from the database, under its locks.
type Recompute struct {
	People  int     `json:"people"`
	Rules   int     `json:"rules"`
	Product Spread  `json:"product_seconds"`
	Whole   Spread  `json:"whole_seconds"`
	Floor   Spread  `json:"floor_seconds"`
	Ratio   Spread  `json:"ratio"` // floor / product: 1 is as fast as bare evaluation
	Rate    float64 `json:"people_per_second"`
	Met     bool    `json:"met"`
}

// Goals of the recomputation, at goalSize people or more.
const (
	recomputeRules = 300
	recomputeRatio = 0.25
	recomputeRate  = 20_000
)

// idleRules gives so many rules as are missing to recomputeRules: they ask for titles and places that nobody has.
func idleRules(there int) string {
	var b strings.Builder
	for i := there; i < recomputeRules; i++ {
		fmt.Fprintf(&b, "---\nkind: BirthrightRule\nname: idle-%d\nspec: {when: 'title == \"Nobody %d\" && location != \"Nowhere\"', entitlements: [files/everybody-0]}\n", i, i)
	}
	return b.String()
}

// recompute measures it in the pages' company, in transactions that are undone.
func (p *pageSet) recompute(repeat int) (*Recompute, error) {
	out := &Recompute{}
	var products, wholes, floors, ratios []float64
	for range repeat {
		whole, err := p.settleEverybody(out)
		if err != nil {
			return nil, err
		}
		product, err := p.decideEverybody()
		if err != nil {
			return nil, err
		}
		floor, err := p.evaluateEverybody(out)
		if err != nil {
			return nil, err
		}
		wholes = append(wholes, whole.Seconds())
		products, floors, ratios = append(products, product.Seconds()), append(floors, floor.Seconds()), append(ratios, floor.Seconds()/product.Seconds())
	}
	out.Whole = of(wholes)
	out.Product, out.Floor, out.Ratio = of(products), of(floors), of(ratios)
	out.Rate = float64(out.People) / out.Product.Median
	out.Met = out.People < goalSize || out.Ratio.Median >= recomputeRatio && out.Rate >= recomputeRate
	return out, nil
}

func (p *pageSet) settleEverybody(out *Recompute) (took time.Duration, err error) {
	err = p.db.Do(p.ctx, db.System, func(tx *db.Tx) error {
		ids, err := identity.Everyone(tx)
		if err != nil {
			return err
		}
		start := time.Now()
		e, err := lifecycle.SettleIDs(tx, ids, lifecycle.Cause{What: "policy", Urgency: access.Bulk})
		took, out.People = time.Since(start), len(ids)
		if err == nil && e.People > 0 {
			err = fmt.Errorf("%d people would get something else: it is not measured what was meant", e.People)
		}
		if err != nil {
			return err
		}
		return db.ErrRollback
	})
	return took, err
}

// decideEverybody is the product without its reading.
func (p *pageSet) decideEverybody() (took time.Duration, err error) {
	err = p.db.Do(p.ctx, db.System, func(tx *db.Tx) error {
		ids, err := identity.Everyone(tx)
		if err != nil {
			return err
		}
		decide, err := lifecycle.Prepare(tx, ids, lifecycle.Cause{What: "policy", Urgency: access.Bulk})
		if err != nil {
			return err
		}
		start := time.Now()
		_, err = decide()
		took = time.Since(start)
		if err != nil {
			return err
		}
		return db.ErrRollback
	})
	return took, err
}

// evaluateEverybody is the floor.
func (p *pageSet) evaluateEverybody(out *Recompute) (took time.Duration, err error) {
	err = p.db.Read(p.ctx, func(tx *db.Tx) error {
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		out.Rules = len(pol.Objects(policy.KindRule))
		ids, err := identity.Everyone(tx)
		if err != nil {
			return err
		}
		versions, err := identity.Versions(tx, ids)
		if err != nil {
			return err
		}
		start, gives := time.Now(), 0
		for _, id := range ids {
			for i := range versions[id] {
				all, err := pol.EvaluateAfresh(versions[id][i].Attrs)
				if err != nil {
					return err
				}
				gives += len(all)
			}
		}
		took = time.Since(start)
		if gives < len(ids) {
			return fmt.Errorf("the floor found %d grants for %d people", gives, len(ids))
		}
		return nil
	})
	return took, err
}

func (r *Recompute) print(out io.Writer) {
	goal := fmt.Sprintf("goals: >= %.2f, >= %d people/s", recomputeRatio, recomputeRate)
	if !r.Met {
		goal += " MISSED"
	}
	_, _ = fmt.Fprintf(out, "Recompute of %d people with %d rules and 20 grants each, in memory: %s (%.0f people/s); bare evaluation of every rule: %s; floor / product %.2f (%.2f to %.2f); %s.\n"+
		"With everything read from the database under its locks: %s (%.0f people/s).\n\n",
		r.People, r.Rules, millis(r.Product.Median), r.Rate, millis(r.Floor.Median), r.Ratio.Median, r.Ratio.Min, r.Ratio.Max, goal, millis(r.Whole.Median), float64(r.People)/r.Whole.Median)
}
