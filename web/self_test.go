package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/notify"
	"tenure/internal/notify/slacktest"
)

// Whoever asked, and whoever it is for, tries to decide on each way that the portal has, also as somebody's delegate: nothing is decided. The
// same forms in the manager's hands decide. (Programs: apiSelf; commands: TestCommandsAnswerScripts; the tables by themselves: internal/request.)
func TestNobodyDecidesForThemselvesOnAnyWay(t *testing.T) {
	w := newWorld(t)
	k := slacktest.New(t)
	w.app.Notify.Slack = k.Slack()
	w.declare(offered)
	linked := func(number, user string) {
		var it db.Actor
		w.do(db.Operator, func(tx *db.Tx) error {
			p, err := identity.Find(tx, itPerson)
			if err == nil {
				it, err = tx.ActorOf(p.ID, "person", p.Name)
			}
			return err
		})
		w.do(it, func(tx *db.Tx) error {
			p, err := identity.Find(tx, number)
			if err != nil {
				return err
			}
			return notify.LinkSlack(tx, k.Team, user, p)
		})
	}
	linked(employee, "U0SELF")
	linked(manager, "U0MANAGER")
	own := w.askedFor(employee) // for themselves
	w.program(manager, "decide").json(http.MethodPost, "/api/v1/requests", `{"why":"For the team","for":"`+w.ref("1031")+`","items":[{"offer":"books"}]}`).answer(t, http.StatusCreated, nil)
	reports := w.text(`select max(id)::text from request_step`) // the manager asked for somebody else
	decided := func() int { return w.number(`select count(*) from request_decision`) }
	ways := map[string]func(number, user, step string) string{
		"page": func(number, _, step string) string {
			p := w.as(number).post("/steps/"+step+"/decide", "outcome", "approve")
			return p.Text()
		},
		"token on the page": func(number, _, step string) string {
			return w.program(number, "decide").post("/steps/"+step+"/decide", "outcome", "approve").Text()
		},
		"denied": func(number, _, step string) string {
			return w.as(number).post("/steps/"+step+"/decide", "outcome", "deny", "reason", "no need").Text()
		},
		"bulk": func(number, _, step string) string {
			return w.as(number).post("/approvals", "step", step, "class", "low", "outcome", "approve").Text()
		},
		"Slack": func(_, user, step string) string {
			w.sends(k.Click(user, "approve", "step/"+step))
			all := k.Messages()
			return all[len(all)-1].Text
		},
	}
	for _, x := range []struct{ who, number, user, step string }{{"for themselves", employee, "U0SELF", own}, {"who asked for another", manager, "U0MANAGER", reports}} {
		for way, try := range ways {
			said := try(x.number, x.user, x.step)
			if n := decided(); n != 0 {
				t.Fatalf("%s, %s: %d decisions", x.who, way, n)
			}
			if words := strings.ToLower(said); !strings.Contains(words, "nobody decides") && !strings.Contains(words, "may not") && !strings.Contains(words, "your own") && !strings.Contains(words, "is asked") {
				t.Errorf("%s, %s: why not is not said: %s", x.who, way, said)
			}
		}
	}
	for number, way := range map[string]string{"1032": "page", "1033": "bulk", "1034": "Slack"} { // the control: whoever is asked decides in the same ways
		n, step := decided(), w.askedFor(number)
		if ways[way](manager, "U0MANAGER", step); decided() != n+1 {
			t.Errorf("%s: who is asked decides nothing: the test proves nothing", way)
		}
	}
}
