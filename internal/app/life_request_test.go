package app_test

import (
	"slices"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// wished is what is asked for in a generated history.
type wished struct {
	offer, level, param string
}

// asks are the deeds that ask for something.
var asks = map[string]bool{"grant": true, "extend": true, "level": true}

// grantAtOnce offers a little more, mostly to everybody, and lets a stated rule grant everything that is asked for: who else decides is no
// question of a backtest.
func (o *organisation) grantAtOnce() {
	for len(o.offers) < 2 {
		o.ask()
	}
	one := o.cond(0)
	o.approvals = []generatedApproval{{when: &cond{op: "or", in: []*cond{one, {op: "not", in: []*cond{one}}}}}}
	if o.r.IntN(6) == 0 {
		o.offers = o.offers[:1]
	}
	for i := range o.offers {
		x := &o.offers[i]
		if x.hours = false; o.r.IntN(4) > 0 {
			x.when = nil
		}
		x.levels = append(x.levels, x.levels[0])
	}
}

// wish completes what is asked for: more time for the level that is held, and the parameters that the level wants to know here.
func (l *life) wish(d deed) wished {
	l.t.Helper()
	w := d.wish
	if !asks[d.what] {
		return w
	}
	l.tx(db.System, func(tx *db.Tx) error {
		it, err := l.held(tx, l.labels[d.who], w.offer)
		if err != nil {
			return err
		}
		if d.what == "extend" && it != nil {
			w.level, w.param = it.Level, it.Param
			return nil
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		_, role, _, _ := pol.Level(offerOf(pol, w.offer), w.level)
		if o := pol.Object(role); o != nil && len(o.Role.Parameters) > 0 {
			w.param = "loc=P"
		}
		return nil
	})
	return w
}

func offerOf(pol *policy.Snapshot, name string) int {
	for _, o := range pol.Offers() {
		if o.Name == name {
			return o.ID
		}
	}
	return 0
}

// held gives what somebody has of an offer.
func (l *life) held(tx *db.Tx, who int, offer string) (*request.Item, error) {
	var id, of int
	err := tx.QueryRow(`select coalesce(max(i.id), 0), coalesce(max(i.request_id), 0) from request_item i join policy_object o on o.id = i.offer_id where i.beneficiary_id = $1 and o.name = $2 and i.state = 'granted'`, who, offer).Scan(&id, &of)
	if err != nil || id == 0 {
		return nil, err
	}
	r, err := request.Get(tx, of)
	if err != nil {
		return nil, err
	}
	return r.Items[slices.IndexFunc(r.Items, func(it *request.Item) bool { return it.ID == id })], nil
}

// ask asks for something. What compliance has to accept is accepted at the same instant in the first company; in the second, what was accepted
// there is, and nothing else.
func (l *life) ask(who int, d deed, now time.Time, second bool) bool {
	l.t.Helper()
	until := d.begins(now).AddDate(0, 0, d.until)
	for _, name := range d.rules {
		l.tx(l.admin, func(tx *db.Tx) error {
			var rule int
			if err := tx.QueryRow(`select coalesce((select id from policy_object where kind = 'sod' and name = $1), 0)`, name).Scan(&rule); err != nil || rule == 0 {
				return err
			}
			return l.accepted(tx, who, rule, now, until)
		})
	}
	err := l.db.Do(l.t.Context(), l.admin, func(tx *db.Tx) error {
		it, err := l.submit(tx, who, d, now)
		if err != nil || it.State == request.Granted {
			return err
		}
		step := slices.IndexFunc(it.Steps, func(s *request.Step) bool { return s.State == request.StepOpen && s.By == request.Compliance })
		if step < 0 || second {
			return errs.Forbidden("compliance does not accept it")
		}
		tx.Actor = l.second
		it, err = lifecycle.Requests.Decide(tx, request.Answer{Step: it.Steps[step].ID, Outcome: request.Approve, Control: "looked at", Via: "page"})
		if err == nil && it.State != request.Granted {
			err = errs.Forbidden("it is %s", it.State)
		}
		return err
	})
	return err == nil
}

// begins is from when on it is asked for.
func (d *deed) begins(now time.Time) time.Time {
	if d.what == "grant" && d.until%4 == 0 {
		return now.AddDate(0, 0, 2)
	}
	return now
}

func (l *life) submit(tx *db.Tx, who int, d deed, now time.Time) (*request.Item, error) {
	pol, err := policy.Load(tx)
	if err != nil {
		return nil, err
	}
	w := request.Wish{Act: request.Act(d.what), Offer: offerOf(pol, d.wish.offer), Level: d.wish.level, Param: d.wish.param, Days: d.until}
	w.From = d.begins(now)
	if d.what != "grant" {
		it, err := l.held(tx, who, d.wish.offer)
		if err != nil {
			return nil, err
		}
		if it == nil {
			return nil, errs.NotFound("nothing is held")
		}
		w.Of = it.ID
	}
	r, err := lifecycle.Requests.Submit(tx, &request.Ask{For: who, Why: "the quarter ends", Via: "page", Wishes: []request.Wish{w}, Any: true})
	if err != nil {
		return nil, err
	}
	return r.Items[0], nil
}

func (l *life) giveBack(tx *db.Tx, who int, offer string) error {
	it, err := l.held(tx, who, offer)
	if err != nil {
		return err
	}
	if it == nil {
		return errs.NotFound("nothing is held")
	}
	_, err = lifecycle.Requests.End(tx, it.ID, "the project is over", true)
	return err
}

// told says how what was asked for in a company went.
func (l *life) told() (out []string) {
	l.must(l.db.Pool.QueryRow(l.t.Context(), `select coalesce(array_agg(x order by x), '{}') from (select count(*) || ' ' || act || ' ' || state || ' ' || coalesce(split_part(ended_because, ':', 1), 'still') from request_item group by act, state, coalesce(split_part(ended_because, ':', 1), 'still')) t(x)`).Scan(&out))
	return out
}

// acceptedWith gives the SoD rules that were accepted with what was asked for a moment ago.
func (l *life) acceptedWith(d deed) (out []string) {
	l.t.Helper()
	l.must(l.db.Pool.QueryRow(l.t.Context(), `select coalesce(array_agg(o.name), '{}') from exception e join policy_object o on o.id = e.rule_id where e.identity_id = $1 and e.valid_from = (select at from clock)`, l.labels[d.who]).Scan(&out))
	return out
}
