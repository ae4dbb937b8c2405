package provision

import (
	"fmt"
	"sort"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// judge closes what the target acknowledged before this reading began: verified when the reading shows it, tried again when
// it does not, cancelled when a later operation on the same thing has overtaken it.
func (v *view) judge(tx *db.Tx) error {
	var all []judged
	look := func() (err error) { all, err = v.acknowledged(tx); return err }
	how := look
	if v.account == 0 { // after a first load there are no statistics yet, and thousands of operations would be compared with thousands of accounts one by one
		how = func() error { return tx.Whole(look) }
	}
	if err := how(); err != nil || len(all) == 0 {
		return err
	}
	return v.close(tx, all)
}

// acknowledged gives what the target acknowledged before this reading began.
func (v *view) acknowledged(tx *db.Tx) ([]judged, error) {
	rows, err := tx.Query(`with o as (
			select o.*, exists (select from operation p where p.account_id = o.account_id and p.id > o.id
					and p.state in ('pending', 'claimed', 'acknowledged', 'verified') and (
					o.kind = 'grant' and (p.kind = 'revoke' and p.entitlement_id = o.entitlement_id or p.kind = 'delete')
					or o.kind = 'revoke' and p.kind = 'grant' and p.entitlement_id = o.entitlement_id
					or o.kind in ('create', 'enable') and p.kind in ('disable', 'delete')
					or o.kind = 'update' and p.kind = 'delete'
					or o.kind in ('disable', 'delete') and p.kind in ('enable', 'create'))) overtaken,
				s.account_id is not null there, coalesce(s.enabled, false) signs_in,
				exists (select from held h where h.account_id = o.account_id and h.entitlement_id = o.entitlement_id and h.param = o.param) holds
			from operation o left join (select distinct on (account_id) account_id, enabled from seen_account order by account_id) s on s.account_id = o.account_id
			where o.application_id = $1 and o.state = 'acknowledged' and o.acknowledged_at < $2 and ($3 = 0 or o.account_id = $3))
		select id, account_id, coalesce(identity_id, 0), kind, coalesce(entitlement_id, 0), attempts, overtaken,
			case kind when 'create' then there when 'update' then there when 'enable' then signs_in when 'disable' then not signs_in
				when 'grant' then holds when 'revoke' then not holds when 'delete' then not there end
		from o order by id`, v.app.ID, v.started, v.account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (j judged, err error) {
		err = r.Scan(&j.ID, &j.Account, &j.Identity, &j.Kind, &j.Entitlement, &j.attempts, &j.overtaken, &j.shown)
		return j, err
	})
}

// judged is one acknowledged operation in the light of a reading.
type judged struct {
	access.OperationFact
	Identity         int
	attempts         int
	overtaken, shown bool
}

// notShown is how often an acknowledged operation may be missing from readings before it counts as failed.
const notShown = 5

func (v *view) close(tx *db.Tx, all []judged) error {
	var verified, overtaken, again, failed []int64
	done := map[int][]access.OperationFact{}
	touches := map[int]evidence.Touches{}
	ends := func(j judged, list *[]int64) {
		*list = append(*list, j.ID)
		if touches[j.Identity] == nil {
			touches[j.Identity] = evidence.Touches{}
		}
		touches[j.Identity]["operation"]++
	}
	for _, j := range all {
		switch {
		case j.shown:
			ends(j, &verified)
			done[j.Identity] = append(done[j.Identity], j.OperationFact)
		case j.overtaken:
			ends(j, &overtaken)
		case j.attempts < notShown:
			again = append(again, j.ID)
		default:
			ends(j, &failed)
		}
	}
	why := fmt.Sprintf("the target said yes, but reading %d does not show it", v.id)
	for _, set := range []struct {
		ids []int64
		sql string
		arg any
	}{
		{verified, `update operation set state = 'verified', verified_by = $2, verified_at = clock_timestamp(), error = null where id = any($1)`, v.id},
		{overtaken, `update operation set state = 'cancelled', error = $2 where id = any($1)`, "overtaken by a later operation before it was read"},
		{again, `update operation set state = 'pending', error = $2, next_attempt_at = clock_timestamp() + interval '3 seconds' * power(2, attempts) where id = any($1)`, why},
		{failed, `update operation set state = 'failed', error = $2 where id = any($1)`, why},
	} {
		if len(set.ids) == 0 {
			continue
		}
		if _, err := tx.Exec(set.sql, set.ids, set.arg); err != nil {
			return err
		}
	}
	people := make([]int, 0, len(touches))
	for who := range touches {
		people = append(people, who)
	}
	sort.Ints(people)
	for _, who := range people {
		kind := "operation.verified"
		if len(done[who]) == 0 {
			kind = "operation.closed"
		}
		tx.Record(evidence.Event{Kind: kind, IdentityID: who, Touches: touches[who],
			Facts: map[string]any{"application": v.app.ID, "reading": v.id, "verified": done[who]}})
	}
	return nil
}

// Difference is one thing in which a target differs from what Tenure wants there.
type Difference struct {
	Kind        string `json:"kind"` // missing, extra, orphan, enabled, disabled
	Account     string `json:"account"`
	Person      string `json:"person,omitempty"`
	Identity    string `json:"-"` // public id
	Entitlement string `json:"entitlement,omitempty"`
	Text        string `json:"text"`
}

// Drift compares what the last reading of an application showed with the live reasons, operations on their way apart. It is
// what `tenure check` prints after a fresh reading.
func Drift(tx *db.Tx, app *catalog.Application) ([]Difference, error) {
	var out []Difference
	err := tx.Whole(func() error {
		rows, err := tx.Query(diffSQL+driftTail, app.ID, tx.Now)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scanDifference)
		return err
	})
	return out, err
}

func scanDifference(r pgx.CollectableRow) (d Difference, err error) {
	err = r.Scan(&d.Kind, &d.Account, &d.Person, &d.Identity, &d.Entitlement)
	d.Text = d.words()
	return d, err
}

func (d *Difference) words() string {
	switch d.Kind {
	case "missing":
		return fmt.Sprintf("%s should hold %s and does not", d.Person, d.Entitlement)
	case "extra":
		return fmt.Sprintf("%s holds %s without a reason", d.Person, d.Entitlement)
	case "orphan":
		return fmt.Sprintf("account %s belongs to nobody", d.Account)
	case "enabled":
		return fmt.Sprintf("account %s of %s can sign in and should not", d.Account, d.Person)
	}
	return fmt.Sprintf("account %s of %s should be able to sign in and is not", d.Account, d.Person)
}
