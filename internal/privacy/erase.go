package privacy

import (
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// eraser takes the personal values of one person out of the rows.
type eraser struct {
	tx      *db.Tx
	p       *identity.Person
	v       *values
	counts  map[string]int // rows changed, by table
	touches evidence.Touches
}

// act is one statement of an erasure. governed tables count in the event's touches.
type act struct {
	table    string
	governed bool
	sql      string // @who, @mark, @day
}

// his are the rows of a person. The person's own line comes last but for the key: it says that the rest is done.
var his = []act{
	{"actor", false, `update actor set name = @mark where identity_id = @who`},
	{"employment_version", true, `update employment_version set attrs = (select coalesce(jsonb_object_agg(k, @day::text), '{}') from jsonb_object_keys(attrs) k
			where k in ('department', 'title', 'location', 'worker_type')) || jsonb_build_object('display_name', @mark::text, 'erased_on', @on::text) where identity_id = @who`},
	{"employment", true, `update employment set source_key = 'erased-' || id, row_hash = null where identity_id = @who`},
	{"run_change", false, `update run_change set number = '', name = @mark, fields = '[]' where identity_id = @who`},
	{"quarantine", false, `update quarantine set key = '' where key = any(@numbers)`},
	{"account_name", false, `update account_name n set name = 'erased-' || x.account_id || '-' || x.nth, base = 'erased-' || x.account_id, n = x.nth
		from (select m.application_id, m.name, m.account_id, row_number() over (partition by m.account_id order by m.name) nth from account_name m
			join account_link l on l.account_id = m.account_id and l.identity_id = @who and l.known_to = 'infinity') x
		where n.application_id = x.application_id and n.name = x.name`},
	{"account", true, `update account a set name = 'erased-' || a.id, native_id = null, intended = null from account_link l where l.account_id = a.id and l.identity_id = @who and l.known_to = 'infinity'`},
	{"account_seen", false, `update account_seen s set name = 'erased-' || s.account_id, email = '', number = '' from account_link l where l.account_id = s.account_id and l.identity_id = @who and l.known_to = 'infinity'`},
	{"handout", false, `update handout h set sealed = null from account_link l where l.account_id = h.account_id and l.identity_id = @who and l.known_to = 'infinity' and h.sealed is not null`},
	{"operation", false, `update operation set error = @day where identity_id = @who and error is not null`},
	{"attempt", false, `update attempt t set detail = @day from operation o where o.id = t.operation_id and o.identity_id = @who and t.detail <> ''`},
	{"campaign_person", true, `update campaign_person set department = @day, location = @day, worker_type = @day where identity_id = @who`},
	{"request_note", true, `update request_note n set body = @day from request r where r.id = n.request_id and (n.author_id = @who or r.beneficiary_id = @who or r.requester_id = @who)`},
	{"campaign_note", true, `update campaign_note n set body = @day from campaign_item i where i.id = n.item_id and (n.author_id = @who or i.identity_id = @who)`},
	{"delivery", false, `delete from delivery where identity_id = @who`},
	{"message", false, `delete from message where identity_id = @who`},
	{"task_file", false, `delete from task_file f using task t where t.id = f.task_id and t.identity_id = @who`},
	{"task", false, `update task set title = @mark, args = '{}', detail = '', result = null, error = '' where identity_id = @who`},
	{"saved_view", false, `delete from saved_view where identity_id = @who or name ~* @strong or query ~* @strong`},
	{"preference", false, `delete from preference where identity_id = @who`},
	{"notify_preference", false, `delete from notify_preference where identity_id = @who`},
	{"idempotency", false, `delete from idempotency where identity_id = @who`},
	{"portal_session", false, `delete from portal_session where identity_id = @who`},
	{"token", true, `update token set name = @mark, revoked_at = coalesce(revoked_at, clock_timestamp()) where identity_id = @who`},
	{"passkey", true, `delete from passkey k using second_factor f where f.id = k.factor_id and f.identity_id = @who`},
	{"second_factor", true, `update second_factor set name = @mark, removed_at = coalesce(removed_at, clock_timestamp()) where identity_id = @who`},
	{"sign_in_link", true, `update sign_in_link set subject = 'erased-' || id, ended_at = coalesce(ended_at, clock_timestamp()) where identity_id = @who`},
	{"slack_link", true, `update slack_link set slack_user = 'erased-' || id, ended_at = coalesce(ended_at, clock_timestamp()), ended_by = coalesce(ended_by, @actor) where identity_id = @who`},
	{"identity", true, `update identity set name = @mark, email = null, number = null, erased_at = @now, version = version + 1 where id = @who`},
}

// place is a column in which people may have written of somebody.
type place struct {
	table    string
	governed bool
	texts    []string
	json     []string
}

// others are the rows of others, and of nobody, that may name a person: there the mark takes the place of the name, the address and the login name.
var others = []place{
	{"request", true, []string{"why"}, nil},
	{"request_item", true, []string{"param", "ended_because", "narrowed_because"}, nil},
	{"request_step", true, []string{"named"}, nil},
	{"request_decision", true, []string{"reason", "control"}, nil},
	{"request_note", true, []string{"body"}, nil},
	{"campaign", true, []string{"title", "about"}, []string{"scope", "stages", "settings"}},
	{"campaign_decision", true, []string{"comment"}, nil},
	{"campaign_removal", true, []string{"why"}, nil},
	{"campaign_note", true, []string{"body"}, nil},
	{"campaign_role", true, nil, []string{"definition"}},
	{"role_member", true, []string{"reason", "param", "ended_because"}, nil},
	{"exception", true, []string{"control", "reason", "ended_because"}, nil},
	{"delegation", true, []string{"reason"}, nil},
	{"portal_role", true, []string{"reason"}, nil},
	{"hold", true, []string{"note"}, []string{"reasons", "affected"}},
	{"expected_change", true, []string{"note"}, nil},
	{"snapshot", true, []string{"name"}, nil},
	{"application", true, []string{"title"}, nil},
	{"application_pause", true, []string{"reason", "note"}, nil},
	{"entitlement", true, []string{"title", "description"}, nil},
	{"policy_version", true, []string{"note"}, nil},
	{"policy_spec", true, nil, []string{"spec"}},
	{"change_set", true, []string{"title", "body", "note", "undo"}, []string{"plan"}},
	{"backtest", false, nil, []string{"summary"}},
	{"backtest_difference", false, nil, []string{"body"}},
	{"mining_run", false, []string{"department", "application"}, nil},
	{"mining_candidate", false, nil, []string{"body"}},
	{"mining_outlier", false, nil, []string{"body"}},
	{"message", false, []string{"what", "whom", "closing", "link"}, []string{"lines"}},
	{"delivery", false, []string{"answer"}, []string{"body"}},
	{"task", false, []string{"title", "detail", "error"}, []string{"args", "result"}},
	{"run_change", false, []string{"number", "name"}, []string{"fields"}},
	{"account_seen", false, []string{"name", "email"}, nil},
	{"attempt", false, []string{"detail"}, nil},
	{"operation", false, []string{"error"}, nil},
	{"reading", false, []string{"error"}, nil},
	{"application_health", false, []string{"detail"}, nil},
	{"figure_set", false, nil, []string{"data"}},
}

// run changes the rows, set-based, a statement for each table.
func (e *eraser) run() error {
	if err := e.remember(); err != nil {
		return err
	}
	on := e.tx.Now.UTC().Format(time.DateOnly)
	args := pgx.NamedArgs{"who": e.p.ID, "mark": Mark(e.p.ID), "on": on, "day": "erased on " + on, "now": e.tx.Now, "actor": e.tx.Actor.ID, "numbers": append([]string{}, e.v.weak...),
		"strong": pattern(e.v.strong, false), "weak": pattern(e.v.weak, false), "quoted": pattern(e.v.weak, true), "quotedmark": `"` + Mark(e.p.ID) + `"`}
	for _, a := range his {
		if err := e.exec(a, args); err != nil {
			return err
		}
	}
	for _, o := range others {
		if err := e.exec(act{o.table, o.governed, o.sql()}, args); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) exec(a act, args pgx.NamedArgs) error {
	n, err := e.tx.Exec(a.sql, args)
	if err != nil {
		return fmt.Errorf("erasing in %s: %w", a.table, err)
	}
	if n > 0 {
		e.counts[a.table] += int(n)
		if a.governed {
			e.touches[a.table] += int(n)
		}
	}
	return nil
}

// sql puts the mark in the place of what names the person, in the rows that do. Numbers count there only.
func (o place) sql() string {
	var set, where []string
	for _, c := range o.texts {
		set = append(set, c+` = regexp_replace(regexp_replace(`+c+`, @strong, @mark, 'gi'), @weak, @mark, 'g')`)
		where = append(where, c+` ~* @strong`)
	}
	for _, c := range o.json {
		set = append(set, c+` = regexp_replace(regexp_replace(`+c+`::text, @strong, @mark, 'gi'), @quoted, @quotedmark, 'g')::jsonb`)
		where = append(where, c+`::text ~* @strong`)
	}
	return `update ` + o.table + ` set ` + strings.Join(set, ", ") + ` where ` + strings.Join(where, " or ")
}

// remember keeps marks of the person's numbers and login names, under the installation's key: an import that names them again is known, and
// the names are given to nobody else.
func (e *eraser) remember() error {
	for _, what := range []struct{ sql, into, column, place string }{
		{`select source_id, source_key from employment where identity_id = $1`, "erased_number", "source_id", evidence.PlaceErasedNumber},
		{`select m.application_id, m.name from account_name m join account_link l on l.account_id = m.account_id and l.identity_id = $1 and l.known_to = 'infinity'`,
			"erased_name", "application_id", evidence.PlaceErasedName},
	} {
		rows, err := e.tx.Query(what.sql, e.p.ID)
		if err != nil {
			return err
		}
		marker, err := e.tx.DB.Keeper.Marker(what.place)
		if err != nil {
			return err
		}
		var of int
		var text string
		var ofs []int
		var marks [][]byte
		if _, err := pgx.ForEachRow(rows, []any{&of, &text}, func() error {
			ofs, marks = append(ofs, of), append(marks, marker.Mark(of, text))
			return nil
		}); err != nil {
			return err
		}
		n, err := e.tx.Exec(`insert into `+what.into+` (`+what.column+`, mark) select * from unnest($1::int[], $2::bytea[]) on conflict do nothing`, ofs, marks)
		if err != nil {
			return err
		}
		if n > 0 {
			e.counts[what.into] = int(n)
		}
	}
	return nil
}

// destroyKey destroys the key under which everything personal about the person is sealed in the log.
func (e *eraser) destroyKey() error {
	n, err := e.tx.Exec(`delete from identity_key k using identity i where i.id = $1 and k.id = i.key_id`, e.p.ID)
	if err == nil && n != 1 {
		err = fmt.Errorf("person %d has %d keys", e.p.ID, n)
	}
	return err
}
