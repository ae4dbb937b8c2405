package lifecycle

import "tenure/internal/db"

// Prepare locks people and reads all that decides about them, as SettleIDs does, and gives the function that works out what they should
// have, in memory and without writing: for the measurement of just that. It may be called once.
func Prepare(tx *db.Tx, ids []int, cause Cause) (decide func() (*Effect, error), err error) {
	people, err := take(tx, ids)
	if err != nil {
		return nil, err
	}
	s, _, err := newSettling(tx, cause)
	if err != nil {
		return nil, err
	}
	subjects, err := s.read(people)
	return func() (*Effect, error) {
		err := s.decide(people, subjects)
		return s.count.effect(s.cat), err
	}, err
}
