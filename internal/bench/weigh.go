package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/audit/trail"
	"tenure/internal/catalog"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/evidence"
	"tenure/internal/policy"
	"tenure/internal/policy/sod"
)

// Memory is weighed in a process of its own that does nothing but hold what the product holds: the catalogue, the policy compiled with its
// birthright and SoD rules, what the portal roles may do with Casbin over it, and everybody as bitmaps, streamed from the table of what
// people hold. What counts is the most that the process ever had in memory, the program itself included.

// weighEnv tells a process to be that one. Its value is an order.
const weighEnv = "TENURE_BENCH_WEIGH"

type weighOrder struct {
	URL    string `json:"url"`
	People int    `json:"people"`
	Log    bool   `json:"log"`  // verify the evidence log of the database instead
	Pack   string `json:"pack"` // verify this evidence pack instead
}

// weight is its answer.
type weight struct {
	Peak         int `json:"peak"` // bytes
	Violations   int `json:"violations"`
	Entitlements int `json:"entitlements"`
	Objects      int `json:"objects"` // of the policy
	Events       int `json:"events"`  // verified
}

// WeighIfAsked makes this process the one that is weighed when the environment says so. Every program that measures calls it first.
func WeighIfAsked() {
	text, ok := os.LookupEnv(weighEnv)
	if !ok {
		return
	}
	var o weighOrder
	var w *weight
	err := json.Unmarshal([]byte(text), &o)
	switch {
	case err != nil:
	case o.Log || o.Pack != "":
		w, err = o.verify(context.Background())
	default:
		w, err = o.weigh(context.Background())
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(w)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// weigh does as the product does, and keeps everything until the end.
func (o *weighOrder) weigh(ctx context.Context) (*weight, error) {
	d, err := db.Open(ctx, db.Config{URL: o.URL, Key: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var cat *catalog.Catalog
	var pol *policy.Snapshot
	var rights *policy.Rights
	if err := d.Read(ctx, func(tx *db.Tx) (err error) {
		if cat, err = catalog.Load(tx); err == nil {
			pol, err = policy.Load(tx)
		}
		if err == nil {
			rights, err = policy.RightsAt(tx)
		}
		return err
	}); err != nil {
		return nil, err
	}
	enforce, err := rights.Enforcer()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, o.URL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	engine := pol.Duties().Engine()
	people := sod.NewPopulation(engine, o.People)
	if err := pairs(ctx, conn, people.Add, sodNeeded, pgx.QueryExecModeCacheDescribe, engine.Entitlements()); err != nil {
		return nil, err
	}
	w := &weight{Entitlements: len(cat.Entitlements), Objects: len(pol.Objects(policy.KindRule)) + len(pol.Objects(policy.KindSoD))}
	people.Scan(func(int, int) { w.Violations++ })
	if w.Peak, err = peak(); err != nil {
		return nil, err
	}
	if _, err := enforce(policy.IT, "home.read"); err != nil { // all of it was there until now
		return nil, err
	}
	return w, nil
}

// verify verifies as the command does.
func (o *weighOrder) verify(ctx context.Context) (*weight, error) {
	w := &weight{}
	if o.Log {
		d, err := db.Open(ctx, db.Config{URL: o.URL, Key: bytes.Repeat([]byte{1}, 32)})
		if err != nil {
			return nil, err
		}
		defer d.Close()
		r, err := trail.Verify(ctx, d, trail.Outside{})
		if err != nil || !r.Right() {
			return nil, errors.Join(err, fmt.Errorf("the log is wrong: %+v", r))
		}
		w.Events = int(r.Size)
	} else {
		f, err := os.Open(o.Pack)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		i, err := f.Stat()
		if err != nil {
			return nil, err
		}
		v, err := evidence.VerifyPack(f, i.Size(), nil)
		if err != nil || len(v.Wrong) > 0 {
			return nil, errors.Join(err, fmt.Errorf("the pack is wrong: %+v", v))
		}
		w.Events = v.Events
	}
	var err error
	w.Peak, err = peak()
	return w, err
}

// peak gives the most memory that this process has had (VmHWM in proc(5)).
func peak() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			return n * 1024, err
		}
	}
	return 0, errors.New("this system does not say how much memory a process has had")
}

// declare makes the rules of the trial the policy of its database, with 300 birthright rules beside them, and lets the table of what
// people hold name the entitlements by their ids there.
func (t *sodTrial) declare(ctx context.Context, conn *pgx.Conn, name string) error {
	files, err := t.policyOf()
	if err != nil {
		return err
	}
	d, err := t.open(ctx, name)
	if err != nil {
		return err
	}
	defer d.Close()
	first := 0
	if err := d.Do(ctx, db.Operator, func(tx *db.Tx) error {
		if _, err := change.Apply(tx, files, app.ChangeDeps()); err != nil {
			return err
		}
		if err := policy.FillPortal(tx); err != nil {
			return err
		}
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		first = cat.ByName["targets/e1"].ID
		for e := 1; e <= sodEntitlements; e++ {
			if id := cat.ByName[fmt.Sprintf("targets/e%d", e)].ID; id != first+e-1 {
				return fmt.Errorf("entitlement %d has the id %d", e, id)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `create table bench_held as select identity_id, entitlement_id + `+strconv.Itoa(first-1)+` as entitlement_id from bench_assignment;
		drop table bench_assignment; alter table bench_held rename to bench_assignment; analyze bench_assignment`)
	return err
}

// policyOf writes and reads the rules as files.
func (t *sodTrial) policyOf() (*change.Files, error) {
	secret := filepath.Join(t.dir, "secret")
	if err := os.WriteFile(secret, []byte("a token"), 0o600); err != nil {
		return nil, err
	}
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "kind: Application\nname: targets\nspec:\n  connector: scim\n  mode: observe\n  config: {base_url: \"http://127.0.0.1:9/scim\", token: {file: %q}}\n  entitlements:\n", secret)
	for e := 1; e <= sodEntitlements; e++ {
		_, _ = fmt.Fprintf(&b, "    - {name: e%d, title: Entitlement %d, description: What people of this group work with.}\n", e, e)
	}
	for r, sides := range t.sides {
		for side, members := range sides {
			names := make([]string, len(members))
			for i, e := range members {
				names[i] = fmt.Sprintf("targets/e%d", e)
			}
			_, _ = fmt.Fprintf(&b, "---\nkind: Duty\nname: duty %d %d\nspec: {description: One side of a rule., entitlements: [%s]}\n", r, side, strings.Join(names, ", "))
		}
		_, _ = fmt.Fprintf(&b, "---\nkind: SoDRule\nname: rule-%d\nspec: {title: Rule %d, description: Two duties., duties: [duty %d 0, duty %d 1], severity: low, reaction: record}\n", r, r, r, r)
	}
	b.WriteString(strings.ReplaceAll(idleRules(0), "files/everybody-0", "targets/e1"))
	file := filepath.Join(t.dir, "sod.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	return change.Read(file)
}

// weigh lets a process hold it all, and takes down the most memory it had.
func (t *sodTrial) weigh(ctx context.Context, conn *pgx.Conn, name string) error {
	if err := t.declare(ctx, conn, name); err != nil {
		return err
	}
	w, err := (&weighOrder{URL: t.url(name), People: t.n}).run(ctx)
	if err != nil {
		return err
	}
	if w.Violations != t.out.Violations || w.Entitlements < sodEntitlements || w.Objects < sodRules+recomputeRules {
		return fmt.Errorf("the process that is weighed holds something else: %+v, where there are %d violations", w, t.out.Violations)
	}
	goal := 0.0
	if t.n >= sodGoalPeople {
		goal = sodBytes / 1e6
	}
	t.out.figure("peak of a process with it all", "MB", goal, []float64{float64(w.Peak) / 1e6})
	return nil
}

// run lets a process of its own do it.
func (o *weighOrder) run(ctx context.Context) (*weight, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), weighEnv+"="+string(order))
	var said, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &failed
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("weighing: %w: %s", err, failed.String())
	}
	w := &weight{}
	return w, json.Unmarshal(said.Bytes(), w)
}
