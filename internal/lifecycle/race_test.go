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

// act does "join PERSON ROLE", "leave PERSON ROLE", "move PERSON DEPARTMENT", "role NAME ENTITLEMENT" (which then gives it).
func act(ctx context.Context, d *db.DB, line string) error {
	w := strings.Fields(line)
	return d.Do(ctx, db.Actor{ID: 2, Identity: 1, Kind: "person", Name: "Decider"}, func(tx *db.Tx) error {
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

// course is a company of n people of the department Sales, a role of each of two duties, and the second process.
type course struct {
	t      *testing.T
	d      *db.DB
	people []int
	in     io.WriteCloser
	out    *bufio.Scanner
}

func newCourse(t *testing.T, n int, locked bool) *course {
	c := &course{t: t, d: dbtest.New(t)}
	c.do(func(tx *db.Tx) error {
		_, err := catalog.Apply(tx, "erp", catalog.ApplicationSpec{Connector: "box", Mode: "observe", Config: map[string]any{},
			Entitlements: []catalog.EntitlementSpec{{Name: "enter"}, {Name: "pay"}, {Name: "read"}}}, map[string]connector.Kind{"box": {Name: "box"}})
		return err
	})
	c.do(func(tx *db.Tx) error {
		_, _, err := policy.Save(tx, policy.Set{
			Roles:  map[string]policy.RoleSpec{"Enters": {Entitlements: []string{"erp/enter"}}, "Pays": {Roles: []string{"Inner"}}, "Inner": {Roles: []string{"Core"}}, "Core": {Entitlements: []string{"erp/pay"}}, "Plain": {Entitlements: []string{"erp/read"}}},
			Rules:  map[string]policy.RuleSpec{"accounts": {When: `department == "Accounts"`, Entitlements: []string{"erp/pay"}}, "plain": {When: "true", Roles: []string{"Plain"}}},
			Duties: map[string]policy.DutySpec{"enter": {Entitlements: []string{"erp/enter"}}, "pay": {Entitlements: []string{"erp/pay"}}},
			SoD:    map[string]policy.SoDSpec{"enter and pay": {Duties: []string{"enter", "pay"}, Reaction: policy.Refuse}}}, "", false)
		return err
	})
	c.hire(n)
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
		`insert into actor (kind, identity_id, name) values ('person', 1, 'Decider')`,
		`insert into employment (identity_id, source_id, source_key) select id, 1, id::text from identity`,
		`insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, attrs, valid_from, known_from)
			select e.id, e.identity_id, 'active', current_date - 365, 'UTC', now() - interval '1 year', '{"department": "Sales"}', now() - interval '1 year', now() from employment e`,
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

const shortRounds = 150

// rounds is how often each race is run: make race runs it 2,000 times.
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
		here, there string // %[1]d is the person
	}{
		{"two memberships, one by two inner roles", "join %[1]d Enters", "join %[1]d Pays"},
		{"a membership and a move", "join %[1]d Enters", "move %[1]d Accounts"},
		{"a move and a membership", "move %[1]d Accounts", "join %[1]d Enters"},
	} {
		t.Run(race.name, func(t *testing.T) {
			n := rounds(t)
			c := newCourse(t, n, true)
			both := 0
			for i, who := range c.people {
				here, there := race.here, race.there
				if i%2 == 1 {
					here, there = there, here
				}
				if c.both(fmt.Sprintf(here, who), fmt.Sprintf(there, who)) == 0 {
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
		n, joined := rounds(t), 0
		if n == shortRounds {
			n /= 4
		}
		c := newCourse(t, 10, true) // each round changes the policy for everybody: few people, again and again
		for i := range n {
			who := c.people[i%len(c.people)]
			refused := c.both(fmt.Sprintf("join %d Enters", who), "role Plain erp/read erp/pay")
			if got := c.combined(); got != 0 {
				t.Fatalf("round %d: %d people combine what nobody may", i, got)
			}
			if err := act(t.Context(), c.d, "role Plain erp/read"); err != nil {
				t.Fatal(err)
			}
			if refused == 0 { // the membership was first, and what the role gives more is withheld
				joined++
				if err := act(t.Context(), c.d, fmt.Sprintf("leave %d Enters", who)); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Logf("%d rounds: the membership was first in %d", n, joined)
	})
}

// The same race without the lock on the person lets some through: the lock is what keeps them apart.
func TestWithoutTheLockRacesCombineDuties(t *testing.T) {
	lockPeople = unlocked
	t.Cleanup(func() { lockPeople = identity.Lock })
	c := newCourse(t, max(rounds(t), 300), false)
	for i, who := range c.people {
		here, there := fmt.Sprintf("join %d Enters", who), fmt.Sprintf("join %d Pays", who)
		if i%2 == 1 {
			here, there = there, here
		}
		c.both(here, there)
		if i%50 == 49 && c.combined() > 0 {
			return
		}
	}
	if c.combined() == 0 {
		t.Error("nobody combines duties without the lock: the race proves nothing")
	}
}
