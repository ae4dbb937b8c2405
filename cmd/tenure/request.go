package main

import (
	"fmt"
	"strings"
	"time"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

type requestCmd struct {
	Offers []string          `arg:"" name:"offer" help:"Names of offers in the catalogue; OFFER:LEVEL for another level than the lowest."`
	Why    string            `required:"" help:"Why: who decides reads it."`
	For    string            `help:"For whom, of one's team: number, e-mail address, name or id." placeholder:"PERSON"`
	Days   int               `help:"For how many days; as each offer proposes when it is not given."`
	Param  map[string]string `help:"What a level wants to know, as NAME=VALUE."`
}

// asked is what a command answers about an item.
type asked struct {
	Request string     `json:"request"`
	Number  int        `json:"number"`
	Item    int        `json:"item"`
	Offer   string     `json:"offer"`
	Level   string     `json:"level"`
	State   string     `json:"state"`
	Until   *time.Time `json:"until,omitempty"`
	Asks    []string   `json:"asks,omitempty"` // who is asked now
}

// Run asks for access as the person of the token.
func (c *requestCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var out []asked
		err := r.do(a, "request.mine", func(tx *db.Tx) error {
			pol, err := policy.Load(tx)
			if err != nil {
				return err
			}
			ask := &request.Ask{For: tx.Actor.Identity, Why: c.Why, Via: "command"}
			if c.For != "" {
				p, err := identity.Find(tx, c.For)
				if err != nil {
					return err
				}
				ask.For = p.ID
			}
			for _, name := range c.Offers {
				name, level, _ := strings.Cut(name, ":")
				wish := request.Wish{Act: request.Grant, Level: level, Param: policy.Param(c.Param), Days: c.Days}
				for _, o := range pol.Offers() {
					if o.Name == name {
						wish.Offer = o.ID
					}
				}
				if wish.Offer == 0 {
					return errs.NotFound("there is no offer %q in the catalogue", name)
				}
				ask.Wishes = append(ask.Wishes, wish)
			}
			x, err := lifecycle.Requests.Submit(tx, ask)
			if err != nil {
				return err
			}
			if x, err = request.Get(tx, x.ID); err != nil {
				return err
			}
			for _, it := range x.Items {
				out = append(out, about(x, it, pol))
			}
			return nil
		})
		if err != nil {
			return err
		}
		return r.answer(out, func() {
			for _, x := range out {
				fmt.Println(x.words())
			}
		})
	})
}

func about(x *request.Request, it *request.Item, pol *policy.Snapshot) asked {
	out := asked{Request: x.PublicID, Number: x.ID, Item: it.ID, Level: it.Level, State: string(it.State), Until: it.To}
	if o := pol.Object(it.Offer); o != nil {
		out.Offer = o.Name
	}
	for _, st := range it.Steps {
		if st.State != request.StepOpen {
			continue
		}
		for _, h := range st.Holders {
			out.Asks = append(out.Asks, h.Name)
		}
	}
	return out
}

func (x asked) words() string {
	text := fmt.Sprintf("R-%d %s (%s): %s", x.Number, x.Offer, x.Level, x.State)
	if x.Until != nil {
		text += ", until " + x.Until.UTC().Format("2006-01-02 15:04 MST")
	}
	if len(x.Asks) > 0 {
		text += ", asks " + strings.Join(x.Asks, ", ")
	}
	return text
}

type approveCmd struct {
	Step    int    `arg:"" optional:"" help:"Number of the step; without it, what waits for you is listed."`
	Deny    bool   `help:"Deny it."`
	Reason  string `help:"Why; required to deny."`
	Level   string `help:"A lower level than was asked for."`
	Days    int    `help:"Fewer days than were asked for."`
	Control string `help:"What is done so that a conflict does no harm; required to accept one."`
}

// waiting is one line of what waits for somebody.
type waiting struct {
	Step  int        `json:"step"`
	Offer string     `json:"offer"`
	Level string     `json:"level"`
	Risk  string     `json:"risk"`
	For   string     `json:"for"`
	By    string     `json:"requester"`
	Why   string     `json:"why"`
	DueAt *time.Time `json:"due_at,omitempty"`
}

// Run decides a step as the person of the token, or lists what waits for them.
func (c *approveCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if c.Step == 0 {
			return c.list(r, a)
		}
		var out asked
		err := r.do(a, "request.decide", func(tx *db.Tx) error {
			x, it, _, err := request.OfStep(tx, c.Step)
			if err != nil {
				return err
			}
			answer := request.Answer{Step: c.Step, Outcome: request.Approve, Reason: c.Reason, Level: c.Level, Control: c.Control, Via: "command"}
			if c.Deny {
				answer.Outcome = request.Deny
			}
			if c.Days > 0 {
				to := it.AskedFrom.AddDate(0, 0, c.Days)
				answer.To = &to
			}
			if it, err = lifecycle.Requests.Decide(tx, answer); err != nil {
				return err
			}
			pol, err := policy.Load(tx)
			if err == nil {
				out = about(x, it, pol)
			}
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(out, func() { fmt.Println(out.words()) })
	})
}

func (c *approveCmd) list(r *run, a *app.App) error {
	out := []waiting{}
	err := r.do(a, "request.decide", func(tx *db.Tx) error {
		if tx.Actor.Identity == 0 {
			return errs.Unauthenticated("whose steps? Give a personal token in TENURE_TOKEN")
		}
		names, err := lifecycle.Requests.Acting(tx, tx.Actor.Identity)
		if err != nil {
			return err
		}
		pol, err := policy.Load(tx)
		if err != nil {
			return err
		}
		lines, err := request.Waiting(tx, tx.Actor.Identity, names, 200)
		for _, l := range lines {
			w := waiting{Step: l.Step, Level: l.Level, Risk: l.Risk, For: l.For, By: l.Requester, Why: l.Why, DueAt: l.DueAt}
			if o := pol.Object(l.Offer); o != nil {
				w.Offer = o.Name
			}
			out = append(out, w)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.answer(out, func() {
		if len(out) == 0 {
			fmt.Println("Nothing waits for you.")
		}
		for _, w := range out {
			fmt.Printf("%d: %s (%s, risk %s) for %s, asked by %s: %s\n", w.Step, w.Offer, w.Level, w.Risk, w.For, w.By, w.Why)
		}
	})
}
