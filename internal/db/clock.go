package db

import (
	"time"

	"tenure/internal/errs"
)

// MoveClock sets business time in a replay or demo database that is not live yet. It moves forward only.
func (t *Tx) MoveClock(to time.Time) error {
	if t.Kind == Live {
		return errs.Invalid("business time is the real time in this database; only one made with `tenure migrate --replay` can be moved")
	}
	if _, err := t.Exec(`update clock set at = $1`, to); err != nil {
		return err
	}
	t.Now = to
	t.Forget(simulated)
	return nil
}

// Refresh reads business time again. Whoever decides does so once the locks are held: what another transaction did while this
// one waited for them lies in the past then, not in the future.
func (t *Tx) Refresh() error {
	var sim bool
	if err := t.QueryRow(`select business_now(), (select at is not null from clock)`).Scan(&t.Now, &sim); err != nil {
		return err
	}
	t.Keep(simulated, sim)
	return nil
}

// simulated is what Refresh found of Simulated.
const simulated = "simulated"

// GoLive ends the simulation of a demo database: from now on its business time is the real one.
func (t *Tx) GoLive() error {
	t.Forget(simulated)
	_, err := t.Exec(`update clock set at = null where kind = 'demo'`)
	return err
}

// Simulated says whether business time is moved by hand, as Refresh found it, or at present: it may differ from ByHand once locks are held.
func (t *Tx) Simulated() (bool, error) {
	if sim, ok := t.Kept(simulated).(bool); ok {
		return sim, nil
	}
	var sim bool
	err := t.QueryRow(`select at is not null from clock`).Scan(&sim)
	return sim, err
}
