package auth

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// company is some people of the portal, each with their actor.
type company struct {
	*testing.T
	db     *db.DB
	people map[string]*identity.Person
	actors map[string]db.Actor
}

func newCompany(t *testing.T, names ...string) *company {
	t.Helper()
	c := &company{T: t, db: dbtest.New(t), people: map[string]*identity.Person{}, actors: map[string]db.Actor{}}
	c.do(db.System, func(tx *db.Tx) error {
		for _, n := range names {
			id, err := makeLocal(tx, n+"@example.com", n)
			if err != nil {
				return err
			}
			tx.Record(evidence.Event{Kind: "test.made", IdentityID: id, Touches: evidence.Touches{"identity": 1}})
			if c.people[n], err = identity.Get(tx, id); err != nil {
				return err
			}
			if c.actors[n], err = tx.ActorOf(id, "person", n); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

func (c *company) try(who db.Actor, fn func(*db.Tx) error) error {
	return c.db.Do(c.Context(), who, fn)
}

func (c *company) do(who db.Actor, fn func(*db.Tx) error) {
	c.Helper()
	if err := c.try(who, fn); err != nil {
		c.Fatal(err)
	}
}

func (c *company) give(who db.Actor, to, role string) error {
	return c.try(who, func(tx *db.Tx) error { return GiveRole(tx, c.people[to], role, "needed", nil) })
}

func (c *company) take(who db.Actor, from, role string) error {
	return c.try(who, func(tx *db.Tx) error {
		all, err := GivenRoles(tx, role, 100)
		if err != nil {
			return err
		}
		for _, g := range all {
			if g.Person == c.people[from].ID {
				_, err = TakeRole(tx, g.ID, "no longer needed")
				return err
			}
		}
		return errs.NotFound("%s is no %s", from, role)
	})
}

func (c *company) wants(what string, err error, kind errs.Kind) {
	c.Helper()
	if err == nil && kind == "" {
		return
	}
	if err == nil || errs.KindOf(err) != kind {
		c.Errorf("%s: %v, want %q", what, err, kind)
	}
}

func TestPortalRoles(t *testing.T) {
	c := newCompany(t, "ada", "bo", "cy")
	ada, bo := c.actors["ada"], c.actors["bo"]
	c.wants("the shell gives the first administrator", c.give(db.Operator, "ada", "administrator"), "")
	c.wants("the shell gives a second one", c.give(db.Operator, "bo", "administrator"), errs.KindForbidden)
	c.wants("the shell takes a role", c.take(db.Operator, "ada", "administrator"), errs.KindForbidden)
	c.wants("herself", c.give(ada, "ada", "compliance"), errs.KindForbidden)
	c.wants("a role that follows from facts", c.give(ada, "bo", "manager"), errs.KindInvalid)
	c.wants("compliance", c.give(ada, "bo", "compliance"), "")
	err := c.give(ada, "bo", "compliance")
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindConflict || e.By == nil || e.By.Who != "ada" {
		t.Errorf("a second time: %v", err)
	}
	c.wants("the last administrator goes", c.take(ada, "ada", "administrator"), errs.KindInvalid)
	c.wants("a second administrator", c.give(ada, "bo", "administrator"), "")
	c.wants("the first one goes", c.take(bo, "ada", "administrator"), "")
	c.wants("the last one goes", c.take(bo, "bo", "administrator"), errs.KindInvalid)
	var roles []string
	c.do(db.System, func(tx *db.Tx) (err error) { roles, err = Roles(tx, c.people["bo"].ID); return err })
	if !slices.Equal(roles, []string{"administrator", "compliance"}) {
		t.Errorf("bo has %v", roles)
	}
	// The rule is the database's, too.
	err = c.try(ada, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into portal_role (identity_id, role, given_identity) values ($1, 'it', $1)`, c.people["cy"].ID)
		return err
	})
	if db.ConstraintName(err) != "portal_role_is_not_given_to_oneself" {
		t.Errorf("past the code: %v", err)
	}
}

// Two administrators who take the role from each other at the same moment: one of them stays.
func TestTwoAdministratorsTakeTheRoleFromEachOther(t *testing.T) {
	for range 10 {
		c := newCompany(t, "ada", "bo")
		c.wants("first", c.give(db.Operator, "ada", "administrator"), "")
		c.wants("second", c.give(c.actors["ada"], "bo", "administrator"), "")
		done := make(chan error, 2)
		go func() { done <- c.take(c.actors["ada"], "bo", "administrator") }()
		go func() { done <- c.take(c.actors["bo"], "ada", "administrator") }()
		a, b := <-done, <-done
		if (a == nil) == (b == nil) {
			t.Fatalf("both have it taken, or neither: %v, %v", a, b)
		}
	}
}

// manages makes one person the manager of another, behind the application's back: the rules here are about who acts for whom.
func (c *company) manages(manager, person string) {
	c.Helper()
	conn := dbtest.Owner(c.T, c.db)
	_, err := conn.Exec(c.Context(), `set session_replication_role = replica`)
	if err == nil {
		_, err = conn.Exec(c.Context(), `insert into employment_version (employment_id, identity_id, status, first_day, zone, starts_at, manager_id, attrs, valid_from, known_from)
			values ($1, $1, 'active', '2020-01-01', 'UTC', '2020-01-01', $2, '{}', '2020-01-01', '2020-01-01')`, c.people[person].ID, c.people[manager].ID)
	}
	if err != nil {
		c.Fatal(err)
	}
}

func (c *company) delegate(from, to, scope string, begins, ends time.Duration) error {
	return c.try(c.actors[from], func(tx *db.Tx) error {
		_, err := Delegate(tx, c.people[to].ID, tx.Now.Add(begins), tx.Now.Add(ends), scope, "away")
		return err
	})
}

// as gives in whose name somebody may act as the manager of a person, and their portal roles.
func (c *company) as(who, person string) (name int, roles []string) {
	c.Helper()
	c.do(db.System, func(tx *db.Tx) error {
		var acting []Acting
		var err error
		if roles, acting, err = standing(tx, c.people[who].ID); err != nil {
			return err
		}
		name, err = AsManager(tx, c.people[who].ID, acting, c.people[person].ID, true)
		return err
	})
	return name, roles
}

func TestDelegation(t *testing.T) {
	const day = 24 * time.Hour
	c := newCompany(t, "mia", "dan", "eve", "tom", "gone")
	c.manages("mia", "tom")
	c.manages("mia", "dan")
	c.wants("admin", c.give(db.Operator, "mia", "administrator"), "")
	conn := dbtest.Owner(t, c.db)
	if _, err := conn.Exec(t.Context(), `set session_replication_role = replica`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `update identity set state = 'left' where name = 'gone'`); err != nil {
		t.Fatal(err)
	}
	c.wants("to oneself", c.delegate("mia", "mia", ScopeTeam, 0, day), errs.KindInvalid)
	c.wants("backwards", c.delegate("mia", "dan", ScopeTeam, 2*day, day), errs.KindInvalid)
	c.wants("too long", c.delegate("mia", "dan", ScopeTeam, 0, 92*day), errs.KindInvalid)
	c.wants("to who left", c.delegate("mia", "gone", ScopeTeam, 0, day), errs.KindInvalid)
	c.wants("everything", c.delegate("mia", "dan", "everything", 0, day), errs.KindInvalid)
	c.wants("over already", c.delegate("mia", "dan", ScopeTeam, -2*day, -day), errs.KindInvalid)
	if name, roles := c.as("dan", "tom"); name != 0 || len(roles) != 0 {
		t.Errorf("before: %d %v", name, roles)
	}
	c.wants("later", c.delegate("mia", "eve", ScopeTeam, day, 2*day), "")
	c.wants("now", c.delegate("mia", "dan", ScopeTeam, 0, 90*day), "")
	if name, roles := c.as("dan", "tom"); name != c.people["mia"].ID || !slices.Equal(roles, []string{"manager"}) {
		t.Errorf("dan acts for mia as %v in the name of %d: a manager he is, and nothing else that she is", roles, name)
	}
	if name, _ := c.as("dan", "dan"); name != 0 {
		t.Error("dan is of her team and manages himself")
	}
	if name, roles := c.as("eve", "tom"); name != 0 || len(roles) != 0 {
		t.Errorf("a delegation that begins tomorrow counts today: %d %v", name, roles)
	}
	// No chain: what dan was given he does not pass on.
	c.wants("on", c.delegate("dan", "eve", ScopeAll, 0, day), "")
	if name, roles := c.as("eve", "tom"); name != 0 || len(roles) != 0 {
		t.Errorf("a delegate's delegate acts: %d %v", name, roles)
	}
	acting := c.actors["dan"]
	acting.For = c.people["mia"].ID
	c.wants("in her name", c.try(acting, func(tx *db.Tx) error {
		_, err := Delegate(tx, c.people["eve"].ID, tx.Now, tx.Now.Add(day), ScopeAll, "x")
		return err
	}), errs.KindForbidden)
	if !acting.Is(c.people["mia"].ID) || !acting.Is(c.people["dan"].ID) || acting.Is(c.people["eve"].ID) || acting.Is(0) {
		t.Error("a delegate is not both themselves and whom they act for")
	}
	c.ends()
}

// ends ends delegations: by who is no part of one, by the delegate, and by leaving.
func (c *company) ends() {
	c.Helper()
	var id int
	c.do(db.System, func(tx *db.Tx) error {
		return tx.QueryRow(`select id from delegation where from_identity = $1 and to_identity = $2`, c.people["mia"].ID, c.people["dan"].ID).Scan(&id)
	})
	end := func(who string) error {
		return c.try(c.actors[who], func(tx *db.Tx) error { _, err := EndDelegation(tx, id); return err })
	}
	c.wants("somebody else ends it", end("eve"), errs.KindNotFound)
	c.wants("the delegate ends it", end("dan"), "")
	c.wants("twice", end("mia"), errs.KindConflict)
	if name, roles := c.as("dan", "tom"); name != 0 || len(roles) != 0 {
		c.Errorf("after its end: %d %v", name, roles)
	}
	c.do(db.System, func(tx *db.Tx) error { return EndDelegationsOf(tx, []int{c.people["mia"].ID}) })
	var open int
	c.do(db.System, func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*) from delegation where from_identity = $1 and ended_at is null`, c.people["mia"].ID).Scan(&open)
	})
	if open != 0 {
		c.Errorf("%d delegations of who left go on", open)
	}
}
