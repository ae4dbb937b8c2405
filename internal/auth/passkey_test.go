package auth

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenure/internal/auth/passkeytest"
	"tenure/internal/db"
	"tenure/internal/errs"
)

// safe is an administrator with a passkey that has no counter: nothing but the question keeps an answer from counting twice.
type safe struct {
	*company
	keys  *Passkeys
	who   int
	stick *passkeytest.Stick
}

func newSafe(t *testing.T) *safe {
	t.Helper()
	keys, err := NewPasskeys("https://access.example.com/portal")
	if err != nil || keys == nil {
		t.Fatal(err)
	}
	s := &safe{company: newCompany(t), keys: keys, stick: passkeytest.New(t, "https://access.example.com", "access.example.com")}
	s.stick.Still = true
	s.do(db.Operator, func(tx *db.Tx) error { return SetAdministrator(tx, "ada@example.com", "Ada", "correct horse battery") })
	s.do(db.System, func(tx *db.Tx) error {
		if err := tx.QueryRow(`select identity_id from login`).Scan(&s.who); err != nil {
			return err
		}
		q, err := keys.AskNew(tx, s.who)
		if err != nil {
			return err
		}
		return keys.Add(tx, s.who, q.Kept, s.stick.Make(q.Options, nil), "Stick")
	})
	return s
}

func (s *safe) ask() (q *Question) {
	s.Helper()
	s.do(db.System, func(tx *db.Tx) (err error) { q, err = s.keys.Ask(tx, s.who); return err })
	return q
}

// check commits whatever the answer is, as a sign-in does.
func (s *safe) check(kept, answer string) (refusal error) {
	err := s.try(db.System, func(tx *db.Tx) error {
		if refusal = s.keys.Check(tx, s.who, kept, answer); errs.KindOf(refusal) == errs.KindUnauthenticated {
			return nil
		}
		return refusal
	})
	if refusal == nil {
		return err
	}
	return refusal
}

// An answer counts once, however many bring it at the same time; without the note of what was answered it would count again.
func TestAnAnswerOfAPasskeyCountsOnce(t *testing.T) {
	s := newSafe(t)
	for range 5 {
		q := s.ask()
		answer := s.stick.Answer(q.Options, nil)
		var through atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if s.check(q.Kept, answer) == nil {
					through.Add(1)
				}
			})
		}
		all.Wait()
		if n := through.Load(); n != 1 {
			t.Errorf("one answer counted %d times", n)
		}
		s.do(db.System, func(tx *db.Tx) error { _, err := tx.Exec(`delete from passkey_answer`); return err }) // the guard off
		if err := s.check(q.Kept, answer); err != nil {
			t.Errorf("the control is refused: %v", err)
		}
	}
}

// A question is over after ten minutes, is asked one person only, and is needed for an answer.
func TestQuestionsToPasskeys(t *testing.T) {
	s := newSafe(t)
	q := s.ask()
	at := strings.Index(q.Kept, `"expires":"`) + len(`"expires":"`)
	if err := s.check(q.Kept[:at]+"2020"+q.Kept[at+4:], s.stick.Answer(q.Options, nil)); errs.KindOf(err) != errs.KindUnauthenticated {
		t.Errorf("a question of long ago is answered: %v", err)
	}
	if err := s.check("", s.stick.Answer(q.Options, nil)); errs.KindOf(err) != errs.KindUnauthenticated {
		t.Errorf("an answer without a question: %v", err)
	}
	q = s.ask()
	s.do(db.Operator, func(tx *db.Tx) error { return SetAdministrator(tx, "eve@example.com", "Eve", "correct horse battery") })
	ada := s.who
	s.do(db.System, func(tx *db.Tx) error {
		return tx.QueryRow(`select identity_id from login where email = 'eve@example.com'`).Scan(&s.who)
	})
	if err := s.check(q.Kept, s.stick.Answer(q.Options, nil)); errs.KindOf(err) != errs.KindUnauthenticated {
		t.Errorf("the answer of one administrator signs another one in: %v", err)
	}
	s.who = ada
	q = s.ask()
	if err := s.check(q.Kept, s.stick.Answer(q.Options, nil)); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
}

// codeOf gives the code that an app shows at a time.
func codeOf(secret string, at time.Time) string {
	code, _ := codeAtStep(secret, at.Unix()/step)
	return code
}

// Of two second steps that are removed at the same time one stays.
func TestTheLastSecondStepStays(t *testing.T) {
	s := newSafe(t)
	for range 5 {
		var two []Factor
		s.do(db.System, func(tx *db.Tx) error {
			e, err := Enrol(tx.DB, "ada@example.com")
			if err != nil {
				return err
			}
			secret, err := unsealText(tx.DB, e.Sealed)
			if err != nil {
				return err
			}
			now, err := tx.Known()
			if err != nil {
				return err
			}
			if _, err := Confirm(tx, s.who, e.Sealed, codeOf(secret, now)); err != nil {
				return err
			}
			if all, err := Factors(tx, s.who); err != nil || !Has(all, "passkey") {
				stick := passkeytest.New(t, "https://access.example.com", "access.example.com")
				q, err := s.keys.AskNew(tx, s.who)
				if err != nil {
					return err
				}
				if err := s.keys.Add(tx, s.who, q.Kept, stick.Make(q.Options, nil), "Stick"); err != nil {
					return err
				}
			}
			two, err = Factors(tx, s.who)
			return err
		})
		if len(two) != 2 {
			t.Fatalf("%d second steps to begin with", len(two))
		}
		var removed atomic.Int32
		var both sync.WaitGroup
		for _, f := range two {
			both.Go(func() {
				if s.try(db.System, func(tx *db.Tx) error { _, err := RemoveFactor(tx, s.who, f.ID); return err }) == nil {
					removed.Add(1)
				}
			})
		}
		both.Wait()
		if n := removed.Load(); n != 1 {
			t.Errorf("%d of two were removed", n)
		}
	}
}
