package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/audit"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/hr"
	"tenure/internal/identity"
)

// pagesDatabase is a demo database, because there one signs in by a click.
const pagesDatabase = "bench_pages"

// pagePersonas are who asks: the people with the numbers 1, 2, ... in this order. The portal roles among them are given; the
// manager is the one at the top of everybody.
var pagePersonas = []string{"it", "hr", "compliance", "auditor", "manager"}

// company loads n people who hold 20 entitlements each in four applications, everything carried out and read back.
func (p *pageSet) company(n int) error {
	if err := p.empty(); err != nil {
		return err
	}
	people := People(n)
	r, err := app.NewHR(p.db).Sync(p.ctx, db.Operator, hr.Upload{Source: "feed", Name: "feed.csv", Body: bytes.NewReader(Feed(people))})
	if err != nil {
		return err
	}
	if err := answered("first load", r, hr.Result{Joiners: n}); err != nil {
		return err
	}
	conn, err := pgx.Connect(p.ctx, p.url(pagesDatabase))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(p.ctx) }()
	if err := carryOut(p.ctx, conn); err != nil {
		return err
	}
	if err := p.cast(conn); err != nil {
		return err
	}
	return p.holdTwenty(conn, people)
}

// empty makes the database with its policy, watched by the recorder.
func (p *pageSet) empty() error {
	if _, err := p.admin.Exec(p.ctx, `create database `+pagesDatabase); err != nil {
		return err
	}
	if err := db.Migrate(p.ctx, p.url(pagesDatabase), db.Demo); err != nil {
		return err
	}
	files, err := p.pagesPolicy()
	if err != nil {
		return err
	}
	p.db, err = db.Open(p.ctx, db.Config{URL: p.url(pagesDatabase), Key: bytes.Repeat([]byte{1}, 32), Tracer: p.record})
	if err != nil {
		return err
	}
	return p.db.Do(p.ctx, db.Operator, func(tx *db.Tx) error {
		if err := tx.GoLive(); err != nil {
			return err
		}
		_, err := change.Apply(tx, files, app.ChangeDeps())
		return err
	})
}

// cast gives the personas their portal roles, and lets the jobs count what pages show.
func (p *pageSet) cast(conn *pgx.Conn) error {
	if _, err := conn.Exec(p.ctx, `set session_replication_role = replica`); err != nil {
		return err
	}
	for i, role := range pagePersonas {
		if role == "manager" {
			continue
		}
		if _, err := conn.Exec(p.ctx, `insert into portal_role (identity_id, role, given_by, reason) select id, $2, 1, 'bench' from identity where number = $1`, number(i+1), role); err != nil {
			return err
		}
	}
	if err := identity.EnterAll(p.ctx, p.db); err != nil {
		return err
	}
	if err := p.db.Do(p.ctx, db.System, func(tx *db.Tx) error {
		if _, err := audit.Compute(tx, true); err != nil {
			return err
		}
		return audit.MarkPeople(tx)
	}); err != nil {
		return err
	}
	_, err := conn.Exec(p.ctx, `vacuum analyze`)
	return err
}

// holdTwenty refuses a company in which somebody holds more or less.
func (p *pageSet) holdTwenty(conn *pgx.Conn, people []Person) error {
	var held int
	if err := conn.QueryRow(p.ctx, `select count(*) from observed o join entitlement e on e.id = o.entitlement_id and e.kind <> 'account'`).Scan(&held); err != nil {
		return err
	}
	here := 0
	for i := range people {
		if people[i].here() {
			here++
		}
	}
	if held != here*20 {
		return fmt.Errorf("%d people hold %d entitlements, not 20 each", here, held)
	}
	return nil
}

// pagesPolicy writes and reads the policy: 8 entitlements for everybody, 8 of one's department, 4 of one's location.
func (p *pageSet) pagesPolicy() (*change.Files, error) {
	var b strings.Builder
	feed, _, _ := strings.Cut(string(policyFile), "---\n")
	b.WriteString(feed)
	apps := []string{"files", "ledger", "customers", "build"}
	entitled := map[string][]string{} // by rule
	var rules []string
	rule := func(name, when string, n int) {
		for i := range n {
			entitled[name] = append(entitled[name], fmt.Sprintf("%s/%s-%d", apps[i%len(apps)], name, i))
		}
		rules = append(rules, fmt.Sprintf("---\nkind: BirthrightRule\nname: %s\nspec: {title: %q, when: '%s', entitlements: [%s]}\n", name, "Access for "+name, when, strings.Join(entitled[name], ", ")))
	}
	rule("everybody", "true", 8)
	for i, d := range departments {
		rule(fmt.Sprintf("d%02d", i), fmt.Sprintf("department == %q", d), 8)
	}
	for i, l := range locations {
		rule(fmt.Sprintf("l%02d", i), fmt.Sprintf("location == %q", l.name), 4)
	}
	for _, a := range apps {
		fmt.Fprintf(&b, "---\nkind: Application\nname: %s\nspec:\n  title: The %s\n  connector: scim\n  mode: enforce\n", a, a)
		fmt.Fprintf(&b, "  config: {base_url: \"http://127.0.0.1:9/scim\", token: {file: SECRET}}\n  accounts: {name: \"{first_name}.{last_name}\"}\n  entitlements:\n")
		for _, names := range entitled {
			for i, e := range names {
				if rest, ok := strings.CutPrefix(e, a+"/"); ok {
					fmt.Fprintf(&b, "    - {name: %s, title: \"Group %s\", description: \"What people of %s work with every day.\", privileged: %v}\n", rest, rest, a, i == 7)
				}
			}
		}
	}
	b.WriteString(strings.Join(rules, ""))
	b.WriteString(idleRules(len(rules)))
	file := filepath.Join(p.dir, "pages.yaml")
	secret := filepath.Join(p.dir, "secret")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(b.String(), "SECRET", secret)), 0o600); err != nil {
		return nil, err
	}
	return change.Read(file)
}
