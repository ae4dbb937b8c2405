package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/evidence"
)

// Record adds an event to the transaction. It is written just before the commit; EffectiveAt defaults to business time.
func (t *Tx) Record(e evidence.Event) {
	if e.EffectiveAt.IsZero() {
		e.EffectiveAt = t.Now
	}
	if t.Actor.For != 0 {
		e.Facts = inNameOf(t.Actor.For, e.Facts)
	}
	t.events = append(t.events, e)
}

// inNameOf adds to what changed in whose name it was decided.
func inNameOf(person int, facts any) any {
	m, ok := facts.(map[string]any)
	switch {
	case ok:
		m = maps.Clone(m)
	case facts == nil:
		m = map[string]any{}
	default:
		m = map[string]any{"what": facts}
	}
	m["on_behalf_of"] = person
	return m
}

// UseKey tells the transaction the key of a person whom it just made, so that it need not be read back.
func (t *Tx) UseKey(identity int, k *evidence.PersonKey) {
	if t.keys == nil {
		t.keys = map[int]*evidence.PersonKey{}
	}
	t.keys[identity] = k
}

// Wrapper makes and opens the keys of people.
func (t *Tx) Wrapper() *evidence.Wrapper { return t.DB.wrap }

// flush writes the recorded events with one COPY, into the table of their month.
func (t *Tx) flush() error {
	if len(t.events) == 0 {
		return nil
	}
	recorded, err := t.prints()
	if err != nil {
		return err
	}
	if err := t.loadKeys(); err != nil {
		return err
	}
	var leaf, plain, touches []byte // used again for every event
	var scribe evidence.Scribe
	table, err := t.eventTable(recorded)
	if err != nil {
		return err
	}
	err = t.Bulk(table, []string{"recorded_at", "effective_at", "kind", "actor_id", "identity_id", "touches", "leaf", "sealed"},
		len(t.events), func(i int, r *Row) (err error) {
			e := &t.events[i]
			if e.Touches == nil {
				e.Touches = evidence.Touches{}
			}
			var sealed []byte
			if e.Personal != nil {
				if plain, err = e.Plain(plain[:0]); err != nil {
					return err
				}
				sealed = t.keys[e.IdentityID].Seal(plain)
			}
			if leaf, err = scribe.Leaf(leaf[:0], e, t.Actor.ID, recorded, sealed); err != nil {
				return err
			}
			touches = e.Touches.AppendJSON(touches[:0])
			r.Time(recorded)
			r.Time(e.EffectiveAt)
			r.Text(e.Kind)
			r.Int(t.Actor.ID)
			r.ID(e.IdentityID)
			r.JSON(touches)
			r.Bytes(leaf)
			r.Bytes(sealed)
			return nil
		})
	t.events, t.rings = nil, true
	if err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

// eventTable names where an event of a time is written: the table of its month. There is none where one could not be made in time.
func (t *Tx) eventTable(at time.Time) (string, error) {
	month := at.UTC().Format("event_200601")
	if made, asked := t.DB.months.Load(month); asked {
		return made.(string), nil
	}
	var made string
	err := t.QueryRow(`select case when exists (select from pg_trigger where tgrelid = to_regclass($1) and tgname = 'tally_events') then $1 else 'event' end`, month).Scan(&made)
	if err == nil {
		t.DB.months.Store(month, made)
	}
	return made, err
}

// prints reads the record time and, in the same round trip, the prints of the rows that the transaction wrote, and gives them to the events
// about the same people; what nobody's event takes goes with the first. In the same round trip go the names that unname takes out.
func (t *Tx) prints() (at time.Time, err error) {
	const sql = `select at, coalesce(tbl, ''), came, went from prints()`
	ids := t.writtenAbout()
	if n := sent(t.Pgx.Conn().PgConn()); n >= 0 && n == t.before && !t.ByHand && len(ids) == 0 {
		return t.began, nil // nothing was asked since: there are no rows
	}
	if len(ids) == 0 {
		rows, err := t.Query(sql)
		if err != nil {
			return at, err
		}
		return t.givePrints(rows)
	}
	var b pgx.Batch
	b.Queue(namesSQL, ids)
	b.Queue(sql)
	answers := t.Pgx.SendBatch(t.Ctx, &b)
	defer func() { err = errors.Join(err, answers.Close()) }()
	rows, err := answers.Query()
	if err != nil {
		return at, err
	}
	if err := t.unname(rows); err != nil {
		return at, err
	}
	if rows, err = answers.Query(); err != nil {
		return at, err
	}
	return t.givePrints(rows)
}

func (t *Tx) givePrints(rows pgx.Rows) (at time.Time, err error) {
	about := make(map[uint32]int, len(t.events))
	for i := len(t.events) - 1; i >= 0; i-- {
		about[uint32(t.events[i].IdentityID)] = i //nolint:gosec // an int4
	}
	var table string
	var came, went []byte
	_, err = pgx.ForEachRow(rows, []any{&at, &table, &came, &went}, func() error {
		give := func(all []byte, add func(*evidence.Prints, []byte)) {
			for ; len(all) >= evidence.PrintSize; all = all[evidence.PrintSize:] {
				e := &t.events[about[binary.BigEndian.Uint32(all)]] // 0, the first, where there is none
				if e.Rows == nil {
					e.Rows = map[string]evidence.Prints{}
				}
				p := e.Rows[table]
				add(&p, all[:evidence.PrintSize])
				e.Rows[table] = p
			}
		}
		give(came, func(p *evidence.Prints, print []byte) { p.In = append(p.In, print...) })
		give(went, func(p *evidence.Prints, print []byte) { p.Out = append(p.Out, print...) })
		return nil
	})
	return at, err
}

// loadKeys reads the keys of the people whom events with personal values are about.
func (t *Tx) loadKeys() error {
	var ids []int
	for _, e := range t.events {
		if e.Personal == nil {
			continue
		}
		if e.IdentityID == 0 {
			return fmt.Errorf("event %s has personal values and is about nobody", e.Kind)
		}
		if t.keys[e.IdentityID] == nil {
			ids = append(ids, e.IdentityID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := t.Query(`select i.id, k.id, k.wrapped from identity i join identity_key k on k.id = i.key_id where i.id = any($1)`, ids)
	if err != nil {
		return err
	}
	var who, key int
	var wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&who, &key, &wrapped}, func() error {
		k, err := t.DB.wrap.Open(key, wrapped)
		if err == nil {
			t.UseKey(who, k)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if t.keys[id] == nil {
			return fmt.Errorf("person %d has no key", id)
		}
	}
	return nil
}
