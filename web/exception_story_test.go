package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/lifecycle"
)

// A violation is accepted with a control until a day and stands as accepted; when the day is over it is open again, for the second time, and
// stands in the inbox of compliance.
func TestAnExceptionExpires(t *testing.T) {
	o := newOffice(t)
	w := o.w
	only := w.number(`select min(v.identity_id) from violation v join policy_object o on o.id = v.rule_id join identity i on i.id = v.identity_id
		where v.state = 'open' and o.name = 'guard-and-book' and i.state = 'active' and i.number not in ('` + compliance + `', '` + administrator + `')`)
	number := w.text(`select number from identity where id = $1`, only)
	page := w.conflict(number)
	var admin db.Actor
	w.do(db.System, func(tx *db.Tx) (err error) {
		admin, err = tx.ActorOf(w.number(`select id from identity where number = $1`, administrator), "person", "Person")
		return err
	})
	rule := w.number(`select id from policy_object where name = 'guard-and-book'`)
	w.do(admin, func(tx *db.Tx) error { // the others are accepted for long, so that this one alone is in the inbox
		var others []int
		if err := tx.QueryRow(`select array_agg(identity_id order by identity_id) from violation where state = 'open' and identity_id <> $1`, only).Scan(&others); err != nil {
			return err
		}
		for _, who := range others {
			if _, err := lifecycle.Accept(tx, who, lifecycle.Acceptance{Rule: rule, Control: "Two people open the vault", Reason: "Year end", Until: tx.Now.AddDate(0, 11, 0)}); err != nil {
				return err
			}
		}
		return nil
	})
	s := o.comes(t, compliance, "/inbox")
	s.says("1 person breaks the SoD rule “Guard and book”")
	s.do("the violation", chromedp.Navigate(s.base+page))
	s.says("Somebody could hide what is missing.")
	s.accessible()

	until := time.Now().UTC().AddDate(0, 2, 0)
	s.write(`[name=control]`, "Two people open the vault")
	s.write(`[name=reason]`, "Year end")
	s.do("until", chromedp.SetValue(css(`[name=until]`), until.Format(time.DateOnly)))
	s.click(`#accept button[type=submit]`)
	s.says("It is accepted until the end of")
	s.says("Two people open the vault")
	s.accessible()
	s.do("all that are accepted", chromedp.Navigate(s.base+"/violations?state=accepted"))
	s.says("Person Nr" + number)
	s.do("the inbox", chromedp.Navigate(s.base+"/inbox"))
	s.says("What waits for you")
	s.lacks("breaks the SoD rule", "")

	// Business time of a live database is not moved: three months go by for this exception instead.
	owner := dbtest.Owner(t, w.app.DB)
	for _, sql := range []string{`set session_replication_role = replica`,
		fmt.Sprintf(`update exception set valid_from = valid_from - interval '3 months', valid_to = valid_to - interval '3 months' where identity_id = %d and ended_at is null`, only),
		fmt.Sprintf(`update due set at = at - interval '3 months' where what = 'person' and ref = %d`, only)} {
		_, err := owner.Exec(t.Context(), sql)
		w.must(err)
	}
	w.do(db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, tx.Now); return err })
	s.do("the inbox again", chromedp.Navigate(s.base+"/inbox"))
	s.says("1 person breaks the SoD rule “Guard and book”")
	s.do("open again", chromedp.Navigate(s.base+page))
	s.says("2 times")
	s.lacks("", "#exception")
	s.accessible()
	s.do("all that are open", chromedp.Navigate(s.base+"/violations?state=open"))
	s.says("Person Nr" + number)
}
