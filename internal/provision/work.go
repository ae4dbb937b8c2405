package provision

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/evidence"
)

// batch is how many lanes one claim takes: few enough for the lease, enough to spare round trips.
const batch = 8

// Work carries the operations of one application until none is due, then reads back what was acknowledged.
func (s *Service) Work(ctx context.Context, appID int, urgentOnly bool) error {
	cat, app, err := s.application(ctx, appID)
	if err != nil {
		return err
	}
	conn, err := s.Connector(app)
	if err != nil {
		return s.unusable(ctx, app, err)
	}
	if paused, err := s.paused(ctx, appID); err != nil || paused {
		return err
	}
	for ctx.Err() == nil {
		var claims []access.Claim
		var facts map[int]*accountFacts
		err := s.DB.Do(ctx, db.System, func(tx *db.Tx) (err error) {
			if claims, err = access.ClaimHeads(tx, appID, urgentOnly, batch); err != nil || len(claims) == 0 {
				return err
			}
			facts, err = loadFacts(tx, claims)
			return err
		})
		if err != nil {
			return err
		}
		if len(claims) == 0 {
			break
		}
		for _, c := range claims {
			if known := cat.Entitlements[c.Entitlement]; c.Entitlement != 0 && known == nil {
				if cat, app, err = s.application(ctx, appID); err != nil { // an entitlement newer than our catalog
					return err
				}
			}
			if err := s.carry(ctx, conn, app, cat, c, facts[c.Account]); err != nil {
				return err
			}
		}
	}
	return s.verify(ctx, app, conn)
}

// carry does one operation and reports what became of it.
func (s *Service) carry(ctx context.Context, conn connector.Connector, app *catalog.Application, cat *catalog.Catalog, c access.Claim, f *accountFacts) error {
	started, err := s.now(ctx)
	if err != nil {
		return err
	}
	call := caller{conn: conn, app: app, cat: cat, c: c, f: f, idem: fmt.Sprintf("%s-%d", s.DB.ID, c.ID)}
	if c.Kind == access.Create && app.Spec.Accounts.Credential == "once" {
		call.secret = newSecret()
	}
	if c.Kind == access.Update && app.Spec.Accounts.Rename == catalog.Follow && f != nil {
		if err := s.follow(ctx, app, c, f); err != nil {
			return err
		}
	}
	outcome := call.do(ctx)
	if ctx.Err() != nil {
		outcome = errors.Join(connector.ErrAmbiguous, ctx.Err()) // we stop: the next claim asks the target first
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
	}
	r := judge(outcome, c)
	r.Worker, r.Started = worker, started
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		// The account before its operation, as everybody does who changes both.
		if _, err := tx.Exec(`select 1 from account where id = $1 for no key update`, c.Account); err != nil {
			return err
		}
		if connector.Classify(outcome) == connector.ClassTaken {
			if err := rename(tx, app, c); err != nil {
				return err
			}
		}
		ours, err := access.Finish(tx, c, r)
		if err != nil || !ours {
			return err
		}
		if err := health(tx, app.ID, outcome); err != nil {
			return err
		}
		if r.To == access.Acknowledged && c.Kind == access.Create {
			return created(tx, c, call.made, call.secret)
		}
		return nil
	})
}

// judge says what follows from the outcome of a call.
func judge(err error, c access.Claim) access.Report {
	class := connector.Classify(err)
	r := access.Report{To: access.Pending, Outcome: string(class)}
	if err != nil {
		r.Detail = clip(err.Error())
	}
	switch class {
	case connector.ClassOK:
		r.To = access.Acknowledged
	case connector.ClassThrottled:
		r.Wait, r.Free = jitter(connector.RetryAfter(err)), true
	case connector.ClassUnauthorized:
		r.Wait, r.Free = 5*time.Minute, true // parked, not burned: a person has to renew the credentials
	case connector.ClassPermanent:
		r.To = access.Failed
	case connector.ClassTaken:
		r.Wait = 0
	default:
		r.Wait = backoff(c.Attempts)
	}
	if r.To == access.Pending && !r.Free && c.Attempts >= access.MaxAttempts {
		r.To = access.Failed
	}
	return r
}

// backoff doubles from two seconds to a quarter of an hour, with jitter so that workers do not return together.
func backoff(attempt int) time.Duration {
	return jitter(min(2*time.Second<<min(attempt-1, 10), 15*time.Minute))
}

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+time.Second) }

// created stores what the target made: its id, and the first credential, sealed until it is shown once.
func created(tx *db.Tx, c access.Claim, made connector.Account, secret string) error {
	n, err := tx.Exec(`update account set native_id = $2, gone_at = null where id = $1 and (native_id is distinct from $2 or gone_at is not null)`,
		c.Account, made.NativeID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into account_seen (account_id, reading_id, name, enabled) values ($1, 0, $2, $3)
		on conflict (account_id) do update set enabled = excluded.enabled, name = excluded.name`, c.Account, made.Name, made.Enabled); err != nil {
		return err
	}
	if n > 0 {
		tx.Record(evidence.Event{Kind: "account.created", IdentityID: c.Identity, Touches: evidence.Touches{"account": int(n)},
			Facts: map[string]any{"account": c.Account, "application": c.Application, "operation": c.ID}})
	}
	if secret == "" {
		return nil
	}
	sealed, err := tx.DB.Keeper.Seal(fmt.Sprintf("handout/%d", c.Account), []byte(secret))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into handout (account_id, sealed) values ($1, $2) on conflict (account_id)
		do update set sealed = excluded.sealed, made_at = clock_timestamp(), shown_at = null, shown_to = null`, c.Account, sealed)
	return err
}

// follow reserves a new login name for an account whose person has another name now, where names follow people.
func (s *Service) follow(ctx context.Context, app *catalog.Application, c access.Claim, f *accountFacts) error {
	base := catalog.RenderName(app.Spec.Accounts.Name, f.attrs)
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		var was string
		err := tx.QueryRow(`select base from account_name where application_id = $1 and name = $2`, app.ID, f.name).Scan(&was)
		if err != nil || was == base {
			return err
		}
		// Who takes an old name back gets the login name of then: it was kept for this account.
		err = tx.QueryRow(`select name from account_name where application_id = $1 and account_id = $2 and base = $3 order by n limit 1`,
			app.ID, c.Account, base).Scan(&f.name)
		if errors.Is(err, pgx.ErrNoRows) {
			var names map[int]string
			names, err = catalog.ReserveNames(tx, app.ID, []catalog.Wish{{Account: c.Account, Base: base}})
			f.name = names[c.Account]
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(`update account set name = $2 where id = $1`, c.Account, f.name)
		tx.Record(evidence.Event{Kind: "account.renamed", IdentityID: c.Identity, Touches: evidence.Touches{"account": 1},
			Facts: map[string]any{"account": c.Account, "why": "the person's name changed"}})
		return err
	})
}

// rename reserves another login name for an account whose name the target has given to somebody else.
func rename(tx *db.Tx, app *catalog.Application, c access.Claim) error {
	var base string
	err := tx.QueryRow(`select n.base from account a join account_name n on n.application_id = a.application_id and n.name = a.name where a.id = $1`,
		c.Account).Scan(&base)
	if err != nil {
		return err
	}
	names, err := catalog.ReserveNames(tx, app.ID, []catalog.Wish{{Account: c.Account, Base: base}})
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update account set name = $2 where id = $1`, c.Account, names[c.Account])
	tx.Record(evidence.Event{Kind: "account.renamed", IdentityID: c.Identity, Touches: evidence.Touches{"account": 1},
		Facts: map[string]any{"account": c.Account, "why": "the target gave the name to another account"}})
	return err
}

// health notes how the target answers, for people and for the operations board.
func health(tx *db.Tx, app int, outcome error) error {
	state, detail := "ok", ""
	switch connector.Classify(outcome) {
	case connector.ClassTransient, connector.ClassAmbiguous, connector.ClassThrottled:
		state, detail = "degraded", clip(outcome.Error())
	case connector.ClassUnauthorized:
		state, detail = "attention", clip(outcome.Error())
	}
	// Looked at first: an upsert locks the row even when it changes nothing, and all workers of the application come by here.
	var same bool
	if err := tx.QueryRow(`select exists (select from application_health where application_id = $1 and (state, detail) = ($2, $3))`,
		app, state, detail).Scan(&same); err != nil || same {
		return err
	}
	_, err := tx.Exec(`insert into application_health (application_id, state, detail) values ($1, $2, $3)
		on conflict (application_id) do update set state = excluded.state, detail = excluded.detail,
			since = case when application_health.state = excluded.state then application_health.since else clock_timestamp() end
		where application_health.state <> 'paused' and (application_health.state, application_health.detail) is distinct from (excluded.state, excluded.detail)`,
		app, state, detail)
	return err
}

// unusable notes that an application's configuration cannot be opened.
func (s *Service) unusable(ctx context.Context, app *catalog.Application, cause error) error {
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		return health(tx, app.ID, errors.Join(connector.ErrUnauthorized, cause))
	})
}

// paused says whether a person paused the application: then nothing is sent, and nothing read back. A pause that begins while a
// worker is under way is seen at its next claim.
func (s *Service) paused(ctx context.Context, app int) (is bool, err error) {
	err = s.DB.Pool.QueryRow(ctx, `select exists (select from application_pause where application_id = $1 and resumed_at is null)`, app).Scan(&is)
	return is, err
}

func (s *Service) now(ctx context.Context) (t time.Time, err error) {
	err = s.DB.Pool.QueryRow(ctx, `select clock_timestamp()`).Scan(&t)
	return t, err
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300]
	}
	return s
}
