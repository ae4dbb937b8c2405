package request

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

const itemColumns = `select i.id, i.request_id, i.requester_id, i.beneficiary_id, i.act, i.offer_id, i.level, i.role_id, i.param, i.entitlements, i.replaces, i.asked_from, i.asked_to,
	i.risk, i.conflicts, i.rule_id, i.automatic, i.policy_version, i.state, i.from_at, i.to_at, i.decided_at, i.ended_at, i.ended_because, i.narrowed_because, i.version from request_item i `

// items reads items with their steps, who is asked and what was decided: four queries in two round trips, however many.
func items(tx *db.Tx, where string, args ...any) ([]*Item, error) {
	rows, err := tx.Query(itemColumns+where, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (*Item, error) {
		var i Item
		err := r.Scan(&i.ID, &i.Request, &i.Requester, &i.Beneficiary, &i.Act, &i.Offer, &i.Level, &i.Role, &i.Param, &i.Entitlements, &i.Replaces, &i.AskedFrom, &i.AskedTo,
			&i.Risk, &i.Conflicts, &i.Rule, &i.Automatic, &i.Policy, &i.State, &i.From, &i.To, &i.DecidedAt, &i.EndedAt, &i.EndedBecause, &i.Narrowed, &i.Version)
		return &i, err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	byID, ids, of := map[int]*Item{}, []int{}, map[int]*Step{}
	for _, it := range all {
		byID[it.ID] = it
		ids = append(ids, it.ID)
	}
	// The steps are there when those who are asked, and what they decided, get their answers.
	return all, db.Asking(tx, func(tx *db.Tx) error { return steps(tx, byID, of, ids) },
		func(tx *db.Tx) error { return holders(tx, of, ids) },
		func(tx *db.Tx) error { return decisions(tx, of, ids) })
}

func steps(tx *db.Tx, byID map[int]*Item, of map[int]*Step, ids []int) error {
	rows, err := tx.Query(`select id, item_id, requester_id, beneficiary_id, position, by, named, owner_id, quorum, hours, otherwise, state, stage, opened_at, due_at, next_at, decided_at, version
		from request_step where item_id = any($1) order by item_id, position, id`, ids)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (*Step, error) {
		var s Step
		err := r.Scan(&s.ID, &s.Item, &s.Requester, &s.Beneficiary, &s.Position, &s.By, &s.Named, &s.Owner, &s.Quorum, &s.Hours, &s.Otherwise, &s.State, &s.Stage,
			&s.OpenedAt, &s.DueAt, &s.NextAt, &s.DecidedAt, &s.Version)
		return &s, err
	})
	for _, s := range list {
		of[s.ID] = s
		byID[s.Item].Steps = append(byID[s.Item].Steps, s)
	}
	return err
}

func holders(tx *db.Tx, of map[int]*Step, ids []int) error {
	rows, err := tx.Query(`select h.step_id, h.identity_id, h.why, p.name, p.public_id::text, h.since, h.until from request_holder h join identity p on p.id = h.identity_id
		where h.step_id in (select id from request_step where item_id = any($1)) order by h.step_id, h.since, lower(p.name), p.id`, ids)
	if err != nil {
		return err
	}
	var h Holder
	var until *time.Time
	_, err = pgx.ForEachRow(rows, []any{&h.Step, &h.Identity, &h.Why, &h.Name, &h.Ref, &h.Since, &until}, func() error {
		if st := of[h.Step]; until == nil {
			st.Holders = append(st.Holders, h)
		} else {
			st.Gave = append(st.Gave, Gave{Identity: h.Identity, Until: *until})
		}
		return nil
	})
	for _, st := range of {
		for i := range st.Gave {
			for _, now := range st.Holders {
				st.Gave[i].To = now.Name
			}
		}
	}
	return err
}

func decisions(tx *db.Tx, of map[int]*Step, ids []int) error {
	rows, err := tx.Query(`select d.step_id, d.decider_id, p.name, d.on_behalf_of, d.outcome, d.level, d.to_at, d.reason, d.control, d.via, d.made_at, d.made_by from request_decision d
		join identity p on p.id = d.decider_id where d.step_id in (select id from request_step where item_id = any($1)) order by d.step_id, d.id`, ids)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (d Decision, err error) {
		return d, r.Scan(&d.Step, &d.Decider, &d.Name, &d.OnBehalfOf, &d.Outcome, &d.Level, &d.To, &d.Reason, &d.Control, &d.Via, &d.At, &d.MadeBy)
	})
	for _, d := range list {
		of[d.Step].Decisions = append(of[d.Step].Decisions, d)
	}
	return err
}

// Find gives a request by its public id with everything about it.
func Find(tx *db.Tx, ref string) (*Request, error) { return one(tx, `public_id::text = $1`, ref) }

// Get gives a request by its number.
func Get(tx *db.Tx, id int) (*Request, error) { return one(tx, `id = $1`, id) }

func one(tx *db.Tx, where string, arg any) (*Request, error) {
	var r Request
	err := db.Asking(tx, func(tx *db.Tx) error {
		err := tx.QueryRow(`select id, public_id::text, requester_id, beneficiary_id, on_behalf_of, why, via, asked_at from request where `+where, arg).
			Scan(&r.ID, &r.PublicID, &r.Requester, &r.Beneficiary, &r.OnBehalfOf, &r.Why, &r.Via, &r.AskedAt)
		if errors.Is(err, pgx.ErrNoRows) {
			return errs.NotFound("there is no such request")
		}
		return err
	}, func(tx *db.Tx) (err error) {
		r.Items, err = items(tx, `where i.request_id in (select id from request where `+where+`) order by i.id`, arg)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// ofStep gives the item that a step belongs to, and the step.
func ofStep(tx *db.Tx, step int) (*Item, *Step, error) {
	all, err := items(tx, `where i.id = (select item_id from request_step where id = $1)`, step)
	if err != nil {
		return nil, nil, err
	}
	for _, it := range all {
		for _, s := range it.Steps {
			if s.ID == step {
				return it, s, nil
			}
		}
	}
	return nil, nil, errs.NotFound("there is no such step")
}

// Gift is what an item that is granted gives to somebody, now or later.
type Gift struct {
	Item         int
	Who          int
	Role         *int
	Param        string
	Entitlements []int
	From, To     time.Time
}

// Held gives what requests give to people at an instant and later.
func Held(tx *db.Tx, people []int, now time.Time) ([]Gift, error) {
	rows, err := tx.Query(`select id, beneficiary_id, role_id, param, entitlements, from_at, to_at from request_item where beneficiary_id = any($1) and state = 'granted' and to_at > $2 order by beneficiary_id, id`, people, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Gift])
}
