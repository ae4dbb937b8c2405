package request_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	"tenure/internal/request"
)

// racer is set in the second process of a race: the database it races in.
const racer = "TENURE_TEST_RACER"

// again runs the second process of a race: it does, at once, what each line of its standard input says.
func again() bool {
	url := os.Getenv(racer)
	if url == "" {
		return false
	}
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: url, Key: make([]byte, 32)})
	if err != nil {
		fmt.Println("error", err)
		return true
	}
	defer d.Close()
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(strings.Join(allOf(ctx, d, in.Text()), "|"))
	}
	return true
}

// allOf does several things at the same instant: "approve 17 4|deny 17 4", an act, a step or item and who. It gives how each ended.
func allOf(ctx context.Context, d *db.DB, line string) []string {
	acts := strings.Split(line, "|")
	out := make([]string, len(acts))
	var all sync.WaitGroup
	for i, a := range acts {
		all.Go(func() { out[i] = outcomeOf(act(ctx, d, a)) })
	}
	all.Wait()
	return out
}

func outcomeOf(err error) string {
	if err != nil {
		return string(errs.KindOf(err)) + " " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "done"
}

func act(ctx context.Context, d *db.DB, line string) error {
	w := strings.Fields(line)
	what := w[0]
	id, _ := strconv.Atoi(w[1])
	who, _ := strconv.Atoi(w[2])
	to, _ := strconv.Atoi(w[3])
	s := lifecycle.Requests
	if what == "expire" {
		return d.Do(ctx, db.System, func(tx *db.Tx) error {
			concerned, err := request.Concerned(tx, []int{id}, nil)
			if err != nil {
				return err
			}
			if err := s.Lock(tx, concerned[0]); err != nil {
				return err
			}
			return s.Fall(tx, []int{id}, nil)
		})
	}
	return as(ctx, d, who, "P"+w[2], func(tx *db.Tx) (err error) {
		switch what {
		case "approve":
			_, err = s.Decide(tx, request.Answer{Step: id, Outcome: request.Approve, Via: "page"})
		case "deny":
			_, err = s.Decide(tx, request.Answer{Step: id, Outcome: request.Deny, Reason: "no", Via: "api"})
		case "cancel":
			_, err = s.Cancel(tx, to, "not needed", false)
		case "reassign":
			_, err = s.Reassign(tx, id, to, "better placed", false)
		}
		return err
	})
}

// shortRace is how many rounds the tests run; make races runs 1,000.
const shortRace = 40

// Approve, deny, take back, expire and reassign of one step at the same instant, in two processes: one counts. The others are told who and
// when, and the log holds one outcome.
func TestOneDecisionOfMany(t *testing.T) {
	rounds := shortRace
	if n, err := strconv.Atoi(os.Getenv("TENURE_RACES")); err == nil && n > 0 {
		rounds = min(n, 1000)
	}
	o := newOffice(t, dbtest.New(t), func(s *policy.Set) {
		s.Approvals["one"] = policy.ApprovalSpec{Order: 3, When: `request["offer"] == "CRM"`, Steps: []policy.StepSpec{{By: "manager"}}}
	})
	there := o.second()
	owner := dbtest.Owner(t, o.d)
	ended := map[string]int{}
	for round := range rounds {
		r := o.ask("Ada", request.Wish{Act: request.Grant, Offer: o.of["CRM"]})
		step, item := o.open(r).ID, r.Items[0].ID
		for _, sql := range []string{`set session_replication_role = replica`, fmt.Sprintf(`update request_step set stage = 2, next_at = now() - interval '1 hour' where id = %d`, step)} {
			if _, err := owner.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		all := []string{
			fmt.Sprintf("approve %d %d 0", step, o.id["Max"]), fmt.Sprintf("deny %d %d 0", step, o.id["Max"]), fmt.Sprintf("cancel %d %d %d", step, o.id["Ada"], item),
			fmt.Sprintf("expire %d 0 0", step), fmt.Sprintf("reassign %d %d %d", step, o.id["Max"], o.id["Vera"])}
		for i := range all { // each begins in each place in turn
			j := (i + round) % len(all)
			all[i], all[j] = all[j], all[i]
		}
		answers := there(o, strings.Join(all[:2], "|"), strings.Join(all[2:], "|"))
		o.settledOnce(round, item, answers, ended)
	}
	t.Logf("%d rounds: %v", rounds, ended)
	if len(ended) < 3 {
		t.Errorf("the race has few ends: %v", ended)
	}
}

// settledOnce holds one round against what must be.
func (o *office) settledOnce(round, item int, answers []string, ended map[string]int) {
	o.t.Helper()
	var outcomes, decisions int
	var state string
	if err := o.d.Pool.QueryRow(o.t.Context(), `select (select count(*) from event where kind in ('request.granted', 'request.denied', 'request.cancelled', 'request.expired') and convert_from(leaf, 'utf8')::jsonb -> 'facts' ->> 'item' = $1::int::text),
		(select count(*) from request_decision d join request_step s on s.id = d.step_id where s.item_id = $1::int), (select state from request_item where id = $1::int)`, item).Scan(&outcomes, &decisions, &state); err != nil {
		o.t.Fatal(err)
	}
	for _, a := range answers {
		if a != "done" && (!strings.HasPrefix(a, "conflict ") || !strings.Contains(a, " at 20")) && !strings.Contains(a, "this request is decided already") {
			o.t.Errorf("round %d: %s", round, a)
		}
	}
	if decisions > 1 || outcomes > 1 || (state == "open") != (outcomes == 0) {
		o.t.Errorf("round %d: %d decisions, %d outcomes, %s: %v", round, decisions, outcomes, state, answers)
	}
	ended[state]++
	switch state {
	case "open":
		if err := o.as("Ada", func(tx *db.Tx) error { _, err := o.Cancel(tx, item, "", false); return err }); err != nil {
			o.t.Fatal(err)
		}
	case "granted":
		if err := o.as("Ada", func(tx *db.Tx) error { _, err := o.End(tx, item, "", false); return err }); err != nil {
			o.t.Fatal(err)
		}
	}
}

// second starts the second process.
func (o *office) second() func(o *office, here, there string) []string {
	exe := exec.Command(os.Args[0]) //nolint:gosec // ourselves
	exe.Env = append(os.Environ(), racer+"="+dbtest.URL(o.t, o.d))
	exe.Stderr = os.Stderr
	in, err := exe.StdinPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	pipe, err := exe.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := exe.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = in.Close(); _ = exe.Wait() })
	out := bufio.NewScanner(pipe)
	if !out.Scan() || out.Text() != "ready" {
		o.t.Fatalf("the second process says %q", out.Text())
	}
	return func(o *office, here, there string) []string {
		if _, err := io.WriteString(in, there+"\n"); err != nil {
			o.t.Fatal(err)
		}
		answers := allOf(o.t.Context(), o.d, here)
		if !out.Scan() {
			o.t.Fatal("the second process is gone")
		}
		return append(answers, strings.Split(out.Text(), "|")...)
	}
}
