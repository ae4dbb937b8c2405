package change

import (
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// Side is a policy with its catalogue, compiled as for everybody.
type Side struct {
	Policy  *policy.Snapshot
	Catalog *catalog.Catalog
}

// Candidate is what holds now, and what would hold if documents were applied: everything that both have has the same ids.
type Candidate struct {
	Now, Changed Side
	Changes      []ObjectChange
}

// Suppose applies documents, compiles what they make of the policy, and undoes it. Nobody is settled, so it is done at once; what it gives
// may be used after the transaction.
func Suppose(tx *db.Tx, p Proposal, deps Deps) (*Candidate, error) {
	files, err := ReadText(p.Body)
	if err != nil {
		return nil, err
	}
	deps.Prune = p.Prune
	if err := policy.Lock(tx, true); err != nil {
		return nil, err
	}
	c := &Candidate{}
	before, err := declared(tx)
	if err != nil {
		return nil, err
	}
	if c.Now, err = standing(tx); err != nil {
		return nil, err
	}
	err = files.under(tx, deps, func(touched map[string]bool) error {
		after, err := declared(tx)
		if err != nil {
			return err
		}
		c.Changes = difference(before, after, touched)
		c.Changed, err = standing(tx)
		return err
	})
	return c, err
}

// Under runs fn as if documents had been applied, and undoes it: nobody is settled. It takes the locks that planning takes, so the
// transaction should end with it.
func Under(tx *db.Tx, p Proposal, deps Deps, fn func(*db.Tx) error) error {
	files, err := ReadText(p.Body)
	if err != nil {
		return err
	}
	deps.Prune, deps.Reverses = p.Prune, p.Reverses
	if err := policy.Lock(tx, true); err != nil {
		return err
	}
	return files.under(tx, deps, func(map[string]bool) error { return fn(tx) })
}

// under stores the files, runs fn with what they touched, and undoes both.
func (f *Files) under(tx *db.Tx, deps Deps, fn func(touched map[string]bool) error) error {
	return tx.Try(func() error {
		touched, bad, err := f.store(tx, deps)
		if err == nil && len(bad) > 0 {
			err = errs.InvalidFields("the files are not right:", f.locate(bad))
		}
		if err != nil {
			return err
		}
		if err := fn(touched); err != nil {
			return err
		}
		return db.ErrRollback
	})
}

func standing(tx *db.Tx) (s Side, err error) {
	if s.Policy, err = policy.Load(tx); err != nil {
		return s, err
	}
	s.Catalog, err = catalog.Load(tx)
	return s, err
}
