package provision

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
)

// few is up to how many accounts are read back one by one; for more, the whole target is read once.
const few = 20

// reader is the class of the locks that let one process read an application at a time.
const reader = 7234516

// verify reads back what was acknowledged. One process at a time does it for an application; what is acknowledged
// meanwhile is taken in the next round.
func (s *Service) verify(ctx context.Context, app *catalog.Application, conn connector.Connector) error {
	release, mine, err := s.DB.Hold(ctx, reader, app.ID, true)
	if err != nil || !mine {
		return err
	}
	defer release()
	for round := 0; round < 100 && ctx.Err() == nil; round++ {
		// Accounts whose lane is still moving are left for later: one reading at its end tells all.
		rows, err := s.DB.Pool.Query(ctx, `select distinct o.account_id from operation o where o.application_id = $1 and o.state = 'acknowledged'
			and not exists (select from operation p where p.account_id = o.account_id and (p.state = 'claimed' or p.state = 'pending' and p.next_attempt_at <= clock_timestamp()))
			limit $2`, app.ID, few+1)
		if err != nil {
			return err
		}
		var accounts []int
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				rows.Close()
				return err
			}
			accounts = append(accounts, id)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		switch n := len(accounts); {
		case n == 0:
			return nil
		case n > few:
			// While much is on its way, whoever finishes last reads: a large target is not read over and over.
			var busy bool
			if busy, err = s.moving(ctx, app.ID); err == nil && !busy {
				_, err = s.readWhole(ctx, app, conn)
			}
			if busy {
				return nil
			}
		default:
			for _, id := range accounts {
				if err = s.readAccount(ctx, app, conn, id); err != nil {
					break
				}
			}
		}
		if err != nil {
			return s.unread(ctx, app, err)
		}
	}
	return nil
}

// moving says whether operations are still being carried to an application, unless something has waited for its reading too long.
func (s *Service) moving(ctx context.Context, app int) (busy bool, err error) {
	err = s.DB.Pool.QueryRow(ctx, `select exists (select from operation where application_id = $1
				and (state = 'claimed' or state = 'pending' and next_attempt_at <= clock_timestamp()))
			and (select min(acknowledged_at) from operation where application_id = $1 and state = 'acknowledged') > clock_timestamp() - interval '1 minute'`,
		app).Scan(&busy)
	return busy, err
}

// unread notes that a target could not be read. What was acknowledged stays so, and is tried again by the sweeper.
func (s *Service) unread(ctx context.Context, app *catalog.Application, cause error) error {
	if connector.Classify(cause) == connector.ClassOK || ctx.Err() != nil {
		return cause
	}
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error { return health(tx, app.ID, cause) })
}

// ReadWhole reads one application now, and stores and judges what it shows. It gives the reading's number.
func (s *Service) ReadWhole(ctx context.Context, appID int) (int64, error) {
	_, app, err := s.application(ctx, appID)
	if err != nil {
		return 0, err
	}
	conn, err := s.Connector(app)
	if err != nil {
		return 0, err
	}
	// One reading at a time: an older one must not be stored after a newer one.
	release, _, err := s.DB.Hold(ctx, reader, appID, false)
	if err != nil {
		return 0, err
	}
	defer release()
	id, err := s.readWhole(ctx, app, conn)
	if err != nil {
		if noted := s.unread(ctx, app, err); noted != nil {
			return 0, noted
		}
	}
	return id, err
}

// ReadAccounts reads some accounts of an application now; the whole target when they are many.
func (s *Service) ReadAccounts(ctx context.Context, appID int, accounts []int) error {
	if len(accounts) > few {
		_, err := s.ReadWhole(ctx, appID)
		return err
	}
	_, app, err := s.application(ctx, appID)
	if err != nil {
		return err
	}
	conn, err := s.Connector(app)
	if err != nil {
		return err
	}
	release, _, err := s.DB.Hold(ctx, reader, appID, false)
	if err != nil {
		return err
	}
	defer release()
	for _, id := range accounts {
		if err := s.readAccount(ctx, app, conn, id); err != nil {
			return s.unread(ctx, app, err)
		}
	}
	return nil
}

func (s *Service) readWhole(ctx context.Context, app *catalog.Application, conn connector.Connector) (int64, error) {
	v := &view{app: app}
	if err := s.beginReading(ctx, v, nil); err != nil {
		return 0, err
	}
	err := v.list(ctx, conn)
	return v.id, s.endReading(ctx, v, err)
}

func (s *Service) readAccount(ctx context.Context, app *catalog.Application, conn connector.Connector, account int) error {
	var key connector.Key
	err := s.DB.Pool.QueryRow(ctx, `select coalesce(native_id, ''), external_id::text, name from account where id = $1`, account).
		Scan(&key.NativeID, &key.ExternalID, &key.Name)
	if err != nil {
		return err
	}
	v := &view{app: app, account: account}
	if err := s.beginReading(ctx, v, &account); err != nil {
		return err
	}
	a, grants, err := conn.Account(ctx, key)
	switch {
	case errors.Is(err, connector.ErrNotFound):
		err = nil
	case err == nil && a.ExternalID != "" && a.ExternalID != key.ExternalID:
		// The name is somebody else's account: ours is not there.
	case err == nil:
		v.accounts, v.grants = []connector.Account{a}, grants
	}
	return s.endReading(ctx, v, err)
}

// view is what one reading saw.
type view struct {
	id       int64
	app      *catalog.Application
	account  int // 0: the whole target
	started  time.Time
	entitled []connector.Entitlement
	accounts []connector.Account
	grants   []connector.Grant
}

func (v *view) list(ctx context.Context, c connector.Connector) error {
	for e, err := range c.Entitlements(ctx) {
		if err != nil {
			return err
		}
		v.entitled = append(v.entitled, e)
	}
	for a, err := range c.Accounts(ctx) {
		if err != nil {
			return err
		}
		v.accounts = append(v.accounts, a)
	}
	for g, err := range c.Grants(ctx) {
		if err != nil {
			return err
		}
		v.grants = append(v.grants, g)
	}
	return nil
}

// beginReading writes the reading's row before the first call: what is acknowledged before that moment it can verify.
func (s *Service) beginReading(ctx context.Context, v *view, account *int) error {
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		return tx.QueryRow(`insert into reading (application_id, account_id, started_at) values ($1, $2, clock_timestamp()) returning id, started_at`,
			v.app.ID, account).Scan(&v.id, &v.started)
	})
}

func (s *Service) endReading(ctx context.Context, v *view, cause error) error {
	if cause != nil {
		err := s.DB.Do(context.WithoutCancel(ctx), db.System, func(tx *db.Tx) error {
			_, err := tx.Exec(`update reading set ended_at = clock_timestamp(), error = $2 where id = $1`, v.id, clip(cause.Error()))
			return err
		})
		return errors.Join(cause, err)
	}
	return s.DB.Do(ctx, db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(`select pg_advisory_xact_lock(7234517, $1)`, v.app.ID); err != nil {
			return err
		}
		if err := v.store(tx); err != nil {
			return err
		}
		if err := v.judge(tx); err != nil {
			return err
		}
		sum := v.hash()
		if _, err := tx.Exec(`update reading set ended_at = clock_timestamp(), complete = true, rows = $2, sha256 = $3 where id = $1`,
			v.id, len(v.accounts)+len(v.grants), sum[:]); err != nil {
			return err
		}
		if v.account != 0 {
			return nil
		}
		if v.app.Mode == catalog.Enforce && v.app.Spec.Drift == catalog.Repair {
			if err := tx.Enqueue(RepairArgs{Application: v.app.ID}, nil); err != nil {
				return err
			}
		}
		if err := tx.Enqueue(WeighArgs{Application: v.app.ID}, nil); err != nil {
			return err
		}
		return health(tx, v.app.ID, nil)
	})
}

// hash is over what was seen, in the order the target gave it.
func (v *view) hash() [32]byte {
	h := sha256.New()
	put := func(parts ...string) {
		for _, p := range parts {
			_ = binary.Write(h, binary.BigEndian, uint32(len(p)))
			h.Write([]byte(p))
		}
	}
	for i := range v.accounts {
		a := &v.accounts[i]
		on := "0"
		if a.Enabled {
			on = "1"
		}
		put("account", a.NativeID, a.ExternalID, a.Name, on)
	}
	for i := range v.grants {
		g := &v.grants[i]
		put("grant", g.Account.NativeID, g.Entitlement.NativeID, g.Param)
	}
	return [32]byte(h.Sum(nil))
}
