package privacy

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Kind is a kind of record, with how long it is kept after what.
type Kind struct {
	Name  string
	Title string
	About string // what it is, and from when on it is kept
	Why   string // why that long, where nobody set something else
	Days  int
	Least int    // it cannot be kept for less
	Act   string // what becomes of what is over
	Set   bool   // somebody set it

	parts []part
}

// part is what a kind is in one table. where is a condition on x; $1 is the instant through which everything is over, $2 the present.
type part struct {
	table string
	where string
	held  string // the person whose hold keeps a row; "": anybody's keeps all
	empty string // what is set in place of deleting, "" to delete
}

// KindPerson is the kind of people themselves.
const KindPerson = "person"

// What becomes of what is over.
const (
	ActDelete  = "delete"
	ActPropose = "propose" // people: for a person to erase
	ActErase   = "erase"   // people: announced, and erased by itself
)

// Notice is how long an erasure that happens by itself is announced.
const Notice = 14 * 24 * time.Hour

var kinds = []Kind{
	{Name: KindPerson, Title: "People who left", About: "everything about a person, from when they left", Days: 2557, Act: ActPropose,
		Why: "seven years: audits and claims look back that far"},
	{Name: "hr_file", Title: "HR files as they came", About: "the sealed file of an HR run, from when it was loaded; its hash stays", Days: 30, Least: 1, Act: ActDelete,
		Why:   "a month: as long as somebody may ask what stood in it",
		parts: []part{{table: "snapshot_body", where: `exists (select from snapshot s where s.id = x.snapshot_id and s.state <> 'held' and s.loaded_at < $1)`}}},
	{Name: "hr_run", Title: "Who was in an HR run", About: "what a run did to each person, and the numbers in rows that were set aside, from when it was loaded", Days: 30, Least: 1, Act: ActDelete,
		Why: "a month: the log keeps what was done to whom",
		parts: []part{{table: "run_change", where: `exists (select from snapshot s where s.id = x.snapshot_id and s.state <> 'held' and s.loaded_at < $1)`, held: `x.identity_id`},
			{table: "quarantine", where: `x.key <> '' and exists (select from snapshot s where s.id = x.snapshot_id and s.state <> 'held' and s.loaded_at < $1)`, empty: `key = ''`}}},
	{Name: "message", Title: "Messages", About: "letters, Slack messages, notes of the inbox and calls of webhooks, from when they were written", Days: 90, Least: 7, Act: ActDelete,
		Why: "three months: they tell of what stands elsewhere",
		parts: []part{{table: "delivery", where: `x.made_at < $1`, held: `x.identity_id`},
			{table: "message", where: `x.made_at < $1`, held: `x.identity_id`}}},
	{Name: "sign_in", Title: "Sessions", About: "with which browser somebody signed in, from when the session ended or was last used; that they signed in stands in the log", Days: 400, Least: 60, Act: ActDelete,
		Why:   "a year and a month: one audit period",
		parts: []part{{table: "portal_session", where: `coalesce(x.ended_at, x.seen_at) < $1`, held: `x.identity_id`}}},
	{Name: "account", Title: "Accounts that are gone", About: "address and number that a target showed of an account, from when it was gone", Days: 400, Least: 30, Act: ActDelete,
		Why: "a year and a month: one audit period",
		parts: []part{{table: "account_seen", where: `(x.email <> '' or x.number <> '') and exists (select from account a where a.id = x.account_id and a.gone_at < $1)`,
			held: `(select l.identity_id from account_link l where l.account_id = x.account_id and l.known_to = 'infinity')`, empty: `email = '', number = ''`}}},
	{Name: "answer", Title: "Answers of targets", About: "what a target said about a change or a reading that did not work, from then on", Days: 400, Least: 30, Act: ActDelete,
		Why: "a year and a month: one audit period",
		parts: []part{{table: "attempt", where: `x.detail <> '' and x.started_at < $1`, held: `(select o.identity_id from operation o where o.id = x.operation_id)`, empty: `detail = ''`},
			{table: "operation", where: `x.error is not null and x.state in ('verified', 'cancelled') and x.created_at < $1`, held: `x.identity_id`, empty: `error = null`},
			{table: "reading", where: `x.error is not null and x.started_at < $1`, empty: `error = null`}}},
}

// Kinds gives the kinds as they are kept now.
func Kinds(tx *db.Tx) ([]Kind, error) {
	rows, err := tx.Query(`select kind, days, act from retention`)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(kinds)
	var name, act string
	var days int
	_, err = pgx.ForEachRow(rows, []any{&name, &days, &act}, func() error {
		for i := range all {
			if all[i].Name == name {
				all[i].Days, all[i].Act, all[i].Set = days, act, true
			}
		}
		return nil
	})
	return all, err
}

func kindOf(tx *db.Tx, name string) (Kind, error) {
	all, err := Kinds(tx)
	if err != nil {
		return Kind{}, err
	}
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, errs.NotFound("there is no kind of record %q", name)
	}
	return all[i], nil
}

// Keep sets how long a kind is kept, in days, and what becomes of what is over; "" leaves that as it is.
func Keep(tx *db.Tx, name string, days int, act string) error {
	k, err := kindOf(tx, name)
	if err != nil {
		return err
	}
	if tx.Actor.Identity == 0 {
		return errs.Forbidden("how long something is kept is set by a person: sign in")
	}
	if act == "" {
		act = k.Act
	}
	var bad []errs.Field
	if days < k.Least || days > 36500 {
		bad = append(bad, errs.Field{Field: "days", Rule: "must be a number of days that is allowed for this kind, 36500 at most"})
	}
	if name == KindPerson && act != ActPropose && act != ActErase || name != KindPerson && act != ActDelete {
		bad = append(bad, errs.Field{Field: "act", Rule: "must be one of those that are offered"})
	}
	if len(bad) > 0 {
		return errs.InvalidFields("it is kept as it was", bad)
	}
	if _, err := tx.Exec(`insert into retention (kind, days, act, set_by) values ($1, $2, $3, $4) on conflict (kind) do update
		set days = excluded.days, act = excluded.act, set_at = clock_timestamp(), set_by = excluded.set_by`, name, days, act, tx.Actor.ID); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "retention.set", Touches: evidence.Touches{"retention": 1},
		Facts: map[string]any{"kind": name, "days": days, "act": act, "before": map[string]any{"days": k.Days, "act": k.Act}}})
	return nil
}
