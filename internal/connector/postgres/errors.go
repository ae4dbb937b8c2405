package postgres

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"

	"tenure/internal/connector"
)

// The SQLSTATEs that are told apart (PostgreSQL documentation, appendix A).
const (
	duplicateObject       = "42710"
	undefinedObject       = "42704"
	insufficientPrivilege = "42501"
	dependentObjects      = "2BP01"
	internalError         = "XX000"
)

// reading sorts an error of something that changes nothing.
func reading(err error) error {
	var pg *pgconn.PgError
	if err == nil || !errors.As(err, &pg) {
		return hideAddress(err)
	}
	said := errors.New(clean(pg.Message))
	switch {
	case strings.HasPrefix(pg.Code, "28"):
		return fmt.Errorf("%w: %w", connector.ErrUnauthorized, said)
	case pg.Code == undefinedObject:
		return fmt.Errorf("%w: %w", connector.ErrNotFound, said)
	case pg.Code == duplicateObject:
		return fmt.Errorf("%w: %w", connector.ErrTaken, said)
	case pg.Code == dependentObjects:
		detail := clean(pg.Detail)
		return fmt.Errorf("%w: the role still owns or holds privileges on objects (%s): reassign and drop them first", connector.ErrRefused, detail)
	case pg.Code == internalError, strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "40"), strings.HasPrefix(pg.Code, "53"),
		strings.HasPrefix(pg.Code, "55"), strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "58"):
		return said // conflicts, resources, restarts: passing troubles
	}
	return fmt.Errorf("%w: %w", connector.ErrRefused, said)
}

// committing sorts an error of COMMIT, the only moment at which a change may have happened without our knowing. What the
// server itself says is believed, unless it was shutting down. pgconn.SafeToRetry is not: for a connection that broke while the answer
// to COMMIT was awaited it says yes (pgx 5.12).
func committing(err error) error {
	var pg *pgconn.PgError
	if err == nil || errors.As(err, &pg) && !strings.HasPrefix(pg.Code, "57") {
		return reading(err)
	}
	return fmt.Errorf("%w: %w", connector.ErrAmbiguous, reading(err))
}

// hideAddress keeps what an address may contain out of an error.
func hideAddress(err error) error {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		if cause := connecting.Unwrap(); cause != nil {
			return fmt.Errorf("cannot connect: %w", cause)
		}
		return errors.New("cannot connect")
	}
	return err
}

// conflict says whether two changes of the same role met; the later one may simply be done again.
func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == internalError && strings.Contains(pg.Message, "concurrently") || strings.HasPrefix(pg.Code, "40"))
}

func clean(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}
