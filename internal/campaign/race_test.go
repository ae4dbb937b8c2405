package campaign_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/access"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// racer is set in the second process of a race: the database it races in, and raceKey its key. unguarded takes the guard away there as well.
const (
	racer     = "TENURE_TEST_RACER"
	raceKey   = "TENURE_TEST_RACE_KEY"
	unguarded = "TENURE_TEST_UNGUARDED"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(racer); url != "" {
		race(url)
		return
	}
	dbtest.Main(m)
}

// race does, in the second process and at once, what each line of its standard input says.
func race(url string) {
	ctx := context.Background()
	key, err := hex.DecodeString(os.Getenv(raceKey))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	d, err := db.Open(ctx, db.Config{URL: url, Key: key})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	defer d.Close()
	if os.Getenv(unguarded) != "" {
		campaign.Unguarded()
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(strings.Join(allOf(ctx, d, in.Text()), "|"))
	}
}

// allOf does several things at the same instant and gives how each ended.
func allOf(ctx context.Context, d *db.DB, line string) []string {
	acts := strings.Split(line, "|")
	out := make([]string, len(acts))
	var all sync.WaitGroup
	for i, a := range acts {
		all.Go(func() {
			out[i] = "done"
			if err := act(ctx, d, strings.Fields(a)); err != nil {
				out[i] = string(errs.KindOf(err)) + " " + strings.ReplaceAll(err.Error(), "\n", " ")
			}
		})
	}
	all.Wait()
	return out
}

// changes is how often whoever decides the last item changes their mind at most before they sign off, and how often a worker tries a target.
const changes = 8

// act does "decide REVIEW ITEM WHO NAME TIMES": the last decision, so often, and signing off; "over WHEN": the time of reviews is over; "leave WHO BY": the
// reviewer leaves; "down APPLICATION": a worker finds its target down.
func act(ctx context.Context, d *db.DB, w []string) error {
	number := func(n int) int { id, _ := strconv.Atoi(w[n]); return id }
	switch w[0] {
	case "decide":
		a := campaign.Answer{Review: number(1), Items: []int64{int64(number(2))}, Comment: "x"}
		for n := range number(5) {
			a.Outcome = []string{campaign.Keep, campaign.Remove}[n%2]
			if err := as(ctx, d, number(3), w[4], func(tx *db.Tx) error { _, err := lifecycle.Campaigns.Decide(tx, a); return err }); err != nil {
				return err
			}
		}
		return as(ctx, d, number(3), w[4], func(tx *db.Tx) error { _, err := lifecycle.Campaigns.SignOff(tx, a.Review, 0); return err })
	case "over":
		at, err := time.Parse(time.RFC3339Nano, w[1])
		if err != nil {
			return err
		}
		return d.Do(ctx, db.System, func(tx *db.Tx) error { _, err := lifecycle.RunDue(tx, at); return err })
	case "leave":
		return as(ctx, d, number(2), "Root", func(tx *db.Tx) error { _, err := lifecycle.Terminate(tx, number(1), "fraud"); return err })
	}
	for range changes {
		if err := d.Do(ctx, db.System, func(tx *db.Tx) error {
			heads, err := access.ClaimHeads(tx, number(1), false, 10)
			for _, c := range heads {
				if _, err := access.Finish(tx, c, access.Report{To: access.Failed, Detail: "the target is down", Outcome: "unavailable", Worker: "race", Started: tx.Now}); err != nil {
					return err
				}
			}
			if err != nil {
				return err
			}
			return campaign.Verify(tx)
		}); err != nil {
			return err
		}
	}
	return nil
}

// second starts the second process. What it gives does some things here and others there, at the same instant.
func (o *office) second(env ...string) func(here, there string) []string {
	exe := exec.Command(os.Args[0]) //nolint:gosec // ourselves
	exe.Env = append(append(os.Environ(), racer+"="+dbtest.URL(o.t, o.d), raceKey+"="+hex.EncodeToString(dbtest.Key(o.t, o.d))), env...)
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
	return func(here, there string) []string {
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

// lastItem starts a campaign of which Max has decided everything but one item, and gives that.
func (o *office) lastItem(set func(*campaign.Campaign)) (*campaign.Campaign, *campaign.Review, int64) {
	o.t.Helper()
	c := o.start(func(c *campaign.Campaign) {
		c.Settings.NoBatch, c.Scope.Applications = true, nil
		set(c)
	})
	v := o.review(c, "Max")
	items := o.items(v)
	last := items["Bob crm/read"]
	if last == nil {
		o.t.Fatalf("%d items, and Bob's is not among them", len(items))
	}
	for _, i := range items {
		if i.ID != last.ID {
			if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{i.ID}, Outcome: campaign.Keep}); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	return c, v, last.ID
}

// shortRace is how many rounds the tests run; make races runs 200.
const shortRace = 4

func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("TENURE_RACES")); err == nil && n > 0 {
		return min(n, 200)
	}
	return shortRace
}

// TestNoItemIsLost lets, at the same instant and in two processes, the reviewer give the last decision and sign off, the time of the review be
// over, the reviewer leave, and the target be down. Whatever is first: every item is decided once and for good or asked of somebody who is
// here, what was signed off to be removed is being removed, and nothing is verified that nobody read.
func TestNoItemIsLost(t *testing.T) {
	o := newOffice(t)
	there := o.second()
	ended := map[string]int{}
	rules := []string{campaign.LeaveOpen, campaign.KeepSilent, campaign.CloseRemove}
	app := o.application("crm")
	for round := range rounds() {
		c, v, last := o.lastItem(func(c *campaign.Campaign) { c.Settings.Unanswered, c.Settings.Sample = rules[round%3], 20*(round%2) })
		acts := []string{fmt.Sprintf("decide %d %d %d Max %d", v.ID, last, o.id["Max"], round/2%changes+1), "over " + v.DueAt.Format(time.RFC3339Nano), fmt.Sprintf("leave %d %d", o.id["Max"], o.id["Root"])}
		if round%2 == 0 {
			acts = append(acts[:1], acts[1+round/2%2])
		}
		acts = append(acts, fmt.Sprintf("down %d", app))
		for i := range acts { // each begins in each process in turn
			j := (i + round) % len(acts)
			acts[i], acts[j] = acts[j], acts[i]
		}
		for n, a := range there(strings.Join(acts[:len(acts)/2], "|"), strings.Join(acts[len(acts)/2:], "|")) {
			what := strings.Fields(acts[n])[0]
			switch kind, _, _ := strings.Cut(a, " "); errs.Kind(kind) {
			case "done":
				ended[what]++
			case errs.KindConflict, errs.KindForbidden, errs.KindNotFound:
				ended[what+" too late"]++
			default:
				t.Errorf("round %d, %s: %s", round, what, a)
			}
		}
		for _, fault := range o.faults(c) {
			t.Errorf("round %d: %s", round, fault)
		}
		o.reinstate("Max")
		if t.Failed() {
			return
		}
	}
	t.Logf("%d rounds: %v", rounds(), ended)
}

// Without the lock of the review the same race loses an item: what the reviewer says while the review is given to somebody else belongs to
// nobody's review.
func TestItemsAreLostWithoutTheLock(t *testing.T) {
	o := newOffice(t)
	t.Cleanup(campaign.Unguarded())
	there := o.second(unguarded + "=1")
	for round := range 200 {
		c, v, last := o.lastItem(func(c *campaign.Campaign) { c.Settings.Unanswered = campaign.LeaveOpen })
		decide := fmt.Sprintf("decide %d %d %d Max %d", v.ID, last, o.id["Max"], changes)
		there(fmt.Sprintf("leave %d %d", o.id["Max"], o.id["Root"]), decide)
		if faults := o.faults(c); len(faults) > 0 {
			t.Logf("round %d: %v", round, faults)
			return
		}
		o.reinstate("Max")
	}
	t.Error("without the lock nothing was lost: the race shows nothing")
}

func (o *office) application(name string) (id int) {
	o.t.Helper()
	if err := o.d.Pool.QueryRow(o.t.Context(), `select id from application where name = $1`, name).Scan(&id); err != nil {
		o.t.Fatal(err)
	}
	return id
}

// faults holds what must be true of a campaign at any time against what is, and says what is not.
func (o *office) faults(c *campaign.Campaign) (out []string) {
	o.t.Helper()
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	o.read(func(tx *db.Tx) error {
		now, err := campaign.Find(tx, c.ID)
		if err != nil {
			return err
		}
		proof, err := campaign.Prove(tx, now)
		if err != nil {
			return err
		}
		if !proof.DigestHolds || proof.Items != c.Items {
			fault("%+v", *proof)
		}
		for what, sql := range map[string]string{
			"items asked of nobody":                                    `select count(*) from campaign_item i join campaign_review v on v.id = i.review_id where i.campaign_id = $1 and v.state = 'passed_on'`,
			"items of a signed review without a word":                  `select count(*) from campaign_item i join campaign_review v on v.id = i.review_id where i.campaign_id = $1 and v.state = 'signed' and not exists (select from campaign_decision d where d.item_id = i.id and d.stage = i.stage and d.signed_at is not null)`,
			"open reviews of people who left":                          `select count(*) from campaign_review v join identity i on i.id = v.reviewer_id where v.campaign_id = $1 and v.state in ('open', 'waiting') and (i.state = 'left' or i.locked_at is not null)`,
			"drafts in closed reviews":                                 `select count(*) from campaign_decision d join campaign_review v on v.id = d.review_id where v.campaign_id = $1 and v.state in ('signed', 'passed_on') and d.signed_at is null`,
			"removals that nobody began":                               `select count(*) from campaign_decision d join campaign_item i on i.id = d.item_id where i.campaign_id = $1 and d.signed_at is not null and d.outcome = 'remove' and not exists (select from campaign_removal r where r.item_id = i.id)`,
			"removals that nobody decided":                             `select count(*) from campaign_removal r where r.campaign_id = $1 and not exists (select from campaign_decision d where d.item_id = r.item_id and d.signed_at is not null and d.outcome <> 'keep')`,
			"removals that are verified though nobody read the target": `select count(*) from campaign_removal where campaign_id = $1 and state = 'verified'`,
			"reviews whose count is wrong":                             `select count(*) from campaign_review v where v.campaign_id = $1 and v.state in ('open', 'waiting') and v.items <> (select count(*) from campaign_item i where i.review_id = v.id)`,
		} {
			var n int
			if err := tx.QueryRow(sql, c.ID).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				fault("%d %s", n, what)
			}
		}
		var open int
		err = tx.QueryRow(`select count(*) from campaign_review where campaign_id = $1 and state in ('open', 'waiting')`, c.ID).Scan(&open)
		if (open > 0) != (now.State == campaign.Open) {
			fault("%d reviews are open and the campaign is %s", open, now.State)
		}
		return err
	})
	return out
}

// reinstate takes a termination back, and lets Bob hold again what he held.
func (o *office) reinstate(who string) {
	o.t.Helper()
	err := o.as("Carl", func(tx *db.Tx) error {
		p, err := identity.People(tx, []int{o.id[who]})
		if err != nil || !p[o.id[who]].Locked() {
			return err
		}
		_, err = lifecycle.Reinstate(tx, o.id[who], "a mistake")
		return err
	})
	if err != nil && !strings.Contains(err.Error(), "not terminated") {
		o.t.Fatal(err)
	}
}

// TestAFailedRemovalKeepsTheCampaignOpen names the operation that did not work, and whoever owns it.
func TestAFailedRemovalKeepsTheCampaignOpen(t *testing.T) {
	o := newOffice(t)
	c := o.start(func(c *campaign.Campaign) { c.Scope.People = []int{o.id["Bob"]} })
	v := o.review(c, "Max")
	if err := o.decide("Max", campaign.Answer{Review: v.ID, Items: []int64{o.items(v)["Bob crm/edit"].ID}, Outcome: campaign.Remove, Comment: "x"}); err != nil {
		t.Fatal(err)
	}
	o.signAll(c)
	o.sql(`update operation set state = 'failed', error = 'the target is down' where identity_id = $1 and kind = 'revoke'`, o.id["Bob"])
	o.system(func(tx *db.Tx) error { return o.Tend(tx) })
	if s := o.campaign(c).State; s != campaign.Closing {
		t.Fatalf("the campaign is %s", s)
	}
	o.read(func(tx *db.Tx) error {
		all, err := campaign.Unfinished(tx, c.ID, 10)
		if len(all) != 1 || all[0].Operation == nil || all[0].OpState != "failed" || all[0].OpError != "the target is down" {
			t.Errorf("%+v", all)
		}
		return err
	})
}
