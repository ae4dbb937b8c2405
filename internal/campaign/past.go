package campaign

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// What a person decided about an item when it was last reviewed: Item.Past. 0: it never was, or nobody answered.
const (
	PastKept    = 1
	PastRemoved = 2 // or narrowed
	PastChange  = 3 // the owner of the rule was asked to change it
)

// From how many decisions about an entitlement on they say something, and how many in a hundred of them have to agree. Below ten, one reviewer
// who takes a team's access away would speak for the organisation.
const (
	PastEnough = 10
	pastAgree  = 70
)

// Verdicts are what people decided about one entitlement in the year before a snapshot.
type Verdicts struct{ Kept, Removed int }

// Enough says whether they are enough to be heard.
func (v Verdicts) Enough() bool { return v.Kept+v.Removed >= PastEnough }

// Against says whether most who held it lost it.
func (v Verdicts) Against() bool {
	return v.Enough() && v.Removed*100 >= (v.Kept+v.Removed)*pastAgree
}

// besides leaves out what was decided about one item itself: an item is told what happened to others. from is when the year begins.
func (v Verdicts) besides(past int, at, from int64) Verdicts {
	switch {
	case at < from:
	case past == PastKept:
		v.Kept = max(0, v.Kept-1)
	case past == PastRemoved:
		v.Removed = max(0, v.Removed-1)
	}
	return v
}

// Others are what people decided about others who held what an item is about, as it was known at a snapshot.
func (i *Item) Others(all map[int]Verdicts, asOf time.Time) Verdicts {
	at := int64(never)
	if i.PastAt != nil {
		at = i.PastAt.UnixMicro()
	}
	return all[i.Entitlement].besides(i.Past, at, asOf.AddDate(-1, 0, 0).UnixMicro())
}

// pastOf reads an outcome.
func pastOf(outcome string) int8 {
	switch outcome {
	case Keep:
		return PastKept
	case Remove, Narrow:
		return PastRemoved
	case Change:
		return PastChange
	}
	return 0
}

// before is what past decisions say of an item.
type before struct {
	kept    bool // a person kept it, in the present job
	back    bool // it was to be removed, and is there without anything that would give it since
	again   bool // it was removed, and has been given anew
	against bool // most others lost it
}

func (i *item) before(p *subject, others Verdicts) before {
	return before{
		kept:    i.past == PastKept && (p == nil || i.reviewed >= p.moved),
		back:    i.past == PastRemoved && i.since <= i.reviewed,
		again:   i.past == PastRemoved && i.since > i.reviewed,
		against: i.past != PastKept && others.Against(),
	}
}

// readPast counts what people decided about each entitlement in the last year: one row for each of access, the last. It is read whole, as that is
// what most campaigns need.
func (b *builder) readPast() error {
	b.past = map[int]Verdicts{}
	return b.tx.Each(`select entitlement_id, count(*) filter (where outcome = 'keep')::int, count(*) filter (where outcome in ('remove', 'narrow'))::int
		from campaign_last where answered and at >= $1 and outcome <> 'change' group by 1`, []any{b.tx.Now.AddDate(-1, 0, 0)}, func(r db.Binary) {
		if e := r.Int(0); b.entitlements.get(e) != nil {
			b.past[int(e)] = Verdicts{int(r.Int(1)), int(r.Int(2))}
		}
	})
}

// storePast keeps it.
func (b *builder) storePast() error {
	ids, kept, removed := make([]int, 0, len(b.past)), make([]int, 0, len(b.past)), make([]int, 0, len(b.past))
	for e, v := range b.past {
		ids, kept, removed = append(ids, e), append(kept, v.Kept), append(removed, v.Removed)
	}
	return b.exec("campaign_past", `insert into campaign_past (campaign_id, entitlement_id, kept, removed) select $1, * from unnest($2::int[], $3::int[], $4::int[])`, b.c.ID, ids, kept, removed)
}

// Past gives what people had decided about entitlements in the year before a campaign's snapshot.
func Past(tx *db.Tx, campaign int, entitlements []int) (map[int]Verdicts, error) {
	rows, err := tx.Query(`select entitlement_id, kept, removed from campaign_past where campaign_id = $1 and entitlement_id = any($2::int[])`, campaign, list(entitlements))
	if err != nil {
		return nil, err
	}
	out := map[int]Verdicts{}
	var id int
	var v Verdicts
	_, err = pgx.ForEachRow(rows, []any{&id, &v.Kept, &v.Removed}, func() error { out[id] = v; return nil })
	return out, err
}

// staysAfterAll notes of what was to be removed that it stays: that is what was decided about it last.
func staysAfterAll(tx *db.Tx, items []int64) error {
	_, err := tx.Exec(`update campaign_last l set outcome = 'keep', at = $2, answered = true from campaign_item i
		where i.id = any($1::bigint[]) and l.account_id = i.account_id and l.entitlement_id = i.entitlement_id and l.param = i.param and l.outcome in ('remove', 'narrow')`, items, tx.Now)
	return err
}
