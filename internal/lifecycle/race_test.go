package lifecycle

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/evidence"
	"tenure/internal/identity"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// racer is set in the second process of a race: the database it races in.
const racer = "TENURE_TEST_RACER"

func TestMain(m *testing.M) {
	if url := os.Getenv(racer); url != "" {
		race(url)
		return
	}
	dbtest.Main(m)
}

// race does, in the second process, what each line of its standard input says, and answers with a line.
func race(url string) {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: url, Key: make([]byte, 32)})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	defer d.Close()
	if os.Getenv("TENURE_TEST_UNLOCKED") != "" {
		lockPeople = unlocked
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(outcomeOf(act(ctx, d, in.Text())))
	}
}

func unlocked(*db.Tx, []int) error { return nil }

func outcomeOf(err error) string {
	if err != nil {
		return "refused " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "done"
}

// act does "join PERSON ROLE", "leave PERSON ROLE", "move PERSON DEPARTMENT", "approve STEP", "deny STEP", "end ITEM", "role NAME ENTITLEMENT" (which then gives it).
func act(ctx context.Context, d *db.DB, line string) error {
	w := strings.Fields(line)
	return d.Do(ctx, db.System, func(tx *db.Tx) (err error) {
		if tx.Actor, err = tx.ActorOf(1, "person", "Decider"); err != nil {
			return err
		}
		switch w[0] {
		case "join":
			who, role, err := numbers(tx, w[1], w[2])
			if err == nil {
				_, err = Join(tx, who, Membership{Role: role, Reason: "a race"})
			}
			return err
		case "leave":
			who, role, err := numbers(tx, w[1], w[2])
			if err == nil {
				_, err = Leave(tx, who, role, "", "the round is over")
			}
			return err
		case "approve":
			step, err := strconv.Atoi(w[1])
			if err == nil {
				_, err = Requests.Decide(tx, request.Answer{Step: step, Outcome: request.Approve, Via: "page"})
			}
			return err
		case "deny":
			step, err := strconv.Atoi(w[1])
			if err == nil {
				_, err = Requests.Decide(tx, request.Answer{Step: step, Outcome: request.Deny, Reason: "the other came first", Via: "page"})
			}
			return err
		case "end":
			item, err := strconv.Atoi(w[1])
			if err == nil {
				_, err = Requests.End(tx, item, "the round is over", true)
			}
			return err
		case "move":
			who, _ := strconv.Atoi(w[1])
			if err := policy.Lock(tx, false); err != nil {
				return err
			}
			if err := lockPeople(tx, []int{who}); err != nil {
				return err
			}
			if _, err := tx.Exec(`update employment_version set attrs = jsonb_build_object('department', $2::text) where identity_id = $1`, who, w[2]); err != nil {
				return err
			}
			tx.Record(evidence.Event{Kind: "test.moved", IdentityID: who, Touches: evidence.Touches{"employment_version": 1}})
			_, err := SettleIDs(tx, []int{who}, Cause{What: "hr", HandOver: true})
			return err
		default:
			if _, _, err := policy.Save(tx, policy.Set{Roles: map[string]policy.RoleSpec{w[1]: {Owner: "0", Entitlements: w[2:]}}}, "a race", false); err != nil {
				return err
			}
			ids, err := identity.Everyone(tx)
			if err == nil {
				_, err = SettleIDs(tx, ids, Cause{What: "policy"})
			}
			return err
		}
	})
}

func numbers(tx *db.Tx, person, role string) (who, id int, err error) {
	if who, err = strconv.Atoi(person); err == nil {
		err = tx.QueryRow(`select id from policy_object where kind = 'role' and name = $1`, role).Scan(&id)
	}
	return who, id, err
}

// course is a company of n people of the department Sales whose manager is the decider, a role of each of two duties, and the second process.
type course struct {
	t      *testing.T
	d      *db.DB
	people []int
	asked  map[string][]int // by offer: the step of each person that waits for the decider
	in     io.WriteCloser
	out    *bufio.Scanner
}

// newCourse makes a company in which everybody has asked for each of some offers before anything was forbidden.
func newCourse(t *testing.T, n int, locked bool, offers ...string) *course {
	c := &course{t: t, d: dbtest.New(t), asked: map[string][]int{}}
	c.do(func(tx *db.Tx) error {
		_, err := catalog.Apply(tx, "erp", catalog.ApplicationSpec{Connector: "box", Mode: "observe", Config: map[string]any{},
			Entitlements: []catalog.EntitlementSpec{{Name: "enter"}, {Name: "pay"}, {Name: "read"}}}, map[string]connector.Kind{"box": {Name: "box"}})
		return err
	})
	c.do(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, policy.Set{
			Roles:     map[string]policy.RoleSpec{"Enters": {Entitlements: []string{"erp/enter"}}, "Pays": {Roles: []string{"Inner"}}, "Inner": {Roles: []string{"Core"}}, "Core": {Entitlements: []string{"erp/pay"}}, "Plain": {Entitlements: []string{"erp/read"}}},
			Rules:     map[string]policy.RuleSpec{"accounts": {When: `department == "Accounts"`, Entitlements: []string{"erp/pay"}}, "plain": {When: "true", Roles: []string{"Plain"}}},
			Offers:    map[string]policy.OfferSpec{"Enters": {Levels: []policy.Level{{Name: "all", Role: "Enters"}}}, "Pays": {Levels: []policy.Level{{Name: "all", Role: "Pays"}}}},
			Approvals: map[string]policy.ApprovalSpec{"all": {Order: 1, When: "true", Steps: []policy.StepSpec{{By: "manager"}}}},
			Duties:    map[string]policy.DutySpec{"enter": {Entitlements: []string{"erp/enter"}}, "pay": {Entitlements: []string{"erp/pay"}}}}, "", false)
		return err
	})
	c.hire(n)
	for _, offer := range offers {
		for _, who := range c.people {
			step, _ := c.ask(who, offer)
			c.asked[offer] = append(c.asked[offer], step)
		}
	}
	c.do(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, policy.Set{SoD: map[string]policy.SoDSpec{"enter and pay": {Duties: []string{"enter", "pay"}, Reaction: policy.Refuse}}}, "", false)
		return err
	})
	exe := exec.Command(os.Args[0]) //nolint:gosec // ourselves
	exe.Env = append(os.Environ(), racer+"="+dbtest.URL(t, c.d))
	if !locked {
		exe.Env = append(exe.Env, "TENURE_TEST_UNLOCKED=1")
	}
	exe.Stderr = os.Stderr
	var err error
	if c.in, err = exe.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := exe.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := exe.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.in.Close(); _ = exe.Wait() })
	c.out = bufio.NewScanner(out)
	if !c.out.Scan() || c.out.Text() != "ready" {
		t.Fatalf("the second process says %q", c.out.Text())
	}
	return c
}

func (c *course) do(fn func(*db.Tx) error) {
	c.t.Helper()
	if err := c.d.Do(c.t.Context(), db.System, fn); err != nil {
		c.t.Fatal(err)
	}
}

// hire makes the decider and n people who work here.
func (c *course) hire(n int) {
	owner := dbtest.Owner(c.t, c.d)
	for _, sql := range []string{
		`set session_replication_role = replica`,
		fmt.Sprintf(`insert into identity (state, since, name, number, key_id) select 'active', now() - interval '1 year', 'P' || i, i::text, 0 from generate_series(0, %d) i`, n),
		`insert into employment (identity_id, source_id, source_key) select id, 1, id::text from identity`,
		`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, manager_id, attrs, valid_from, known_from)
			select e.id, e.identity_id, 'active', current_date - 365, 'UTC', now() - interval '1 year', nullif(1, e.identity_id), '{"department": "Sales"}', now() - interval '1 year', now() from employment e`,
	} {
		if _, err := owner.Exec(c.t.Context(), sql); err != nil {
			c.t.Fatalf("%s: %v", sql, err)
		}
	}
	c.do(func(tx *db.Tx) error {
		all, err := identity.Everyone(tx)
		if err != nil {
			return err
		}
		c.people = all[1:]
		_, err = SettleIDs(tx, all, Cause{What: "policy"})
		return err
	})
	c.do(func(tx *db.Tx) error { tx.Record(evidence.Event{Kind: "test.ready"}); return nil })
}

// ask lets somebody ask for an offer, and gives the step that waits for the decider.
func (c *course) ask(who int, offer string) (step, item int) {
	c.do(func(tx *db.Tx) error {
		var of int
		if err := tx.QueryRow(`select id from policy_object where kind = 'offer' and name = $1`, offer).Scan(&of); err != nil {
			return err
		}
		var err error
		if tx.Actor, err = tx.ActorOf(who, "person", "P"); err != nil {
			return err
		}
		r, err := Requests.Submit(tx, &request.Ask{For: who, Why: "a race", Via: "page", Wishes: []request.Wish{{Act: request.Grant, Offer: of}}})
		if err == nil {
			step, item = r.Items[0].Steps[0].ID, r.Items[0].ID
		}
		return err
	})
	return step, item
}

// pair gives what is done here and there in a round, each in each place in turn.
func (c *course) pair(i int, here, there string) (string, string) {
	words := []string{"PERSON", strconv.Itoa(c.people[i])}
	for offer, steps := range c.asked {
		words = append(words, strings.ToUpper(offer), strconv.Itoa(steps[i]))
	}
	named := strings.NewReplacer(words...)
	if i%2 == 1 {
		here, there = there, here
	}
	return named.Replace(here), named.Replace(there)
}

// both lets this process and the other one do something at the same instant, and says how often each was refused.
func (c *course) both(here, there string) (refused int) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, there+"\n"); err != nil {
		c.t.Fatal(err)
	}
	answers := []string{outcomeOf(act(c.t.Context(), c.d, here))}
	if !c.out.Scan() {
		c.t.Fatal("the second process is gone")
	}
	for _, a := range append(answers, c.out.Text()) {
		switch {
		case strings.Contains(a, "the SoD rule enter and pay forbids it"):
			refused++
		case a != "done":
			c.t.Fatalf("%s | %s: %s", here, there, a)
		}
	}
	return refused
}

// holders counts the people who hold an entitlement by a live reason.
func (c *course) holders(name string) (n int) {
	c.t.Helper()
	if err := c.d.Pool.QueryRow(c.t.Context(), `select count(distinct identity_id) from reason r join entitlement e on e.id = r.entitlement_id and e.name = $1
		where r.known_to = 'infinity' and r.state = 'live' and r.valid_to > now()`, name).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// combined counts the people whom live reasons let do what nobody may combine.
func (c *course) combined() (n int) {
	c.t.Helper()
	if err := c.d.Pool.QueryRow(c.t.Context(), `select count(*) from (select identity_id from reason r join entitlement e on e.id = r.entitlement_id and e.name in ('enter', 'pay')
		where r.known_to = 'infinity' and r.state = 'live' and r.valid_to > now() group by 1 having count(distinct e.name) = 2) x`).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

const shortRounds = 50

// rounds is how often each race is run: make races runs it 2,000 times.
func rounds(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("TENURE_RACES")); err == nil && n > 0 {
		return n
	}
	return shortRounds
}

// Two decisions that are clean each alone and in conflict together, taken at the same instant by two processes: never both come
// about, whatever they are. Without the lock on the person some do.
func TestRacesNeverCombineDuties(t *testing.T) {
	for _, race := range []struct {
		name        string
		here, there string   // PERSON stands for the person, ENTERS and PAYS for the steps of what was asked for
		offers      []string // asked for by everybody
	}{
		{"two requests", "approve ENTERS", "approve PAYS", []string{"Enters", "Pays"}},
		{"a request and a move", "approve ENTERS", "move PERSON Accounts", []string{"Enters"}},
		{"a request and a membership", "approve ENTERS", "join PERSON Pays", []string{"Enters"}},
		{"two memberships, one by two inner roles", "join PERSON Enters", "join PERSON Pays", nil},
		{"a membership and a move", "join PERSON Enters", "move PERSON Accounts", nil},
		{"a move and a membership", "move PERSON Accounts", "join PERSON Enters", nil},
	} {
		t.Run(race.name, func(t *testing.T) {
			n := rounds(t)
			c := newCourse(t, n, true, race.offers...)
			both := 0
			for i := range c.people {
				if c.both(c.pair(i, race.here, race.there)) == 0 {
					both++
				}
			}
			if got := c.combined(); got != 0 {
				t.Errorf("%d of %d people combine what nobody may", got, n)
			}
			enter, pay := c.holders("enter"), c.holders("pay")
			if enter == 0 || pay == 0 || enter+pay != n {
				t.Errorf("of %d people %d hold the one and %d the other: a race has two ends", n, enter, pay)
			}
			t.Logf("%d rounds: %d got the one, %d the other; neither was refused in %d", n, enter, pay, both)
		})
	}
	t.Run("a membership and a change of a role", func(t *testing.T) {
		c := newCourse(t, 10, true)
		c.whileARoleChanges(func(who int) (string, string, string) {
			return fmt.Sprintf("join %d Enters", who), fmt.Sprintf("leave %d Enters", who), ""
		})
	})
	t.Run("a request and a change of a role", func(t *testing.T) {
		c := newCourse(t, 10, true)
		c.whileARoleChanges(func(who int) (string, string, string) {
			step, item := c.ask(who, "Enters")
			return fmt.Sprintf("approve %d", step), fmt.Sprintf("end %d", item), fmt.Sprintf("deny %d", step)
		})
	})
}

// whileARoleChanges lets a few people, again and again, get the one while a change of the policy gives everybody the other.
func (c *course) whileARoleChanges(get func(who int) (so, undo, drop string)) {
	c.t.Helper()
	n, got := rounds(c.t), 0
	if n == shortRounds {
		n /= 2 // each settles everybody twice
	}
	for i := range n {
		so, undo, drop := get(c.people[i%len(c.people)])
		c.both(so, "role Plain erp/read erp/pay")
		if got := c.combined(); got != 0 {
			c.t.Fatalf("round %d: %d people combine what nobody may", i, got)
		}
		if err := act(c.t.Context(), c.d, "role Plain erp/read"); err != nil {
			c.t.Fatal(err)
		}
		if c.holders("enter") > 0 { // it was first, and what the role gives more is withheld
			got++
			drop = undo
		}
		if drop != "" {
			if err := act(c.t.Context(), c.d, drop); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	if got == 0 || got == n {
		c.t.Errorf("in %d of %d rounds the change of the role was second: a race has two ends", got, n)
	}
	c.t.Logf("%d rounds: the change of the role was second in %d", n, got)
}

// The same race without the lock on the person lets some through: the lock is what keeps them apart.
func TestWithoutTheLockRacesCombineDuties(t *testing.T) {
	lockPeople = unlocked
	t.Cleanup(func() { lockPeople = identity.Lock })
	c := newCourse(t, 100, false, "Enters", "Pays")
	for i, who := range c.people {
		here, there := fmt.Sprintf("join %d Enters", who), fmt.Sprintf("join %d Pays", who)
		if i%2 == 1 {
			here, there = there, here
		}
		c.both(here, there)
		if i%10 == 9 && c.combined() > 0 {
			return
		}
	}
	if c.combined() == 0 {
		t.Error("nobody combines duties without the lock: the race proves nothing")
	}
}
