package db

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Forever is an open end: PostgreSQL's infinity.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// At gives a time as the database writes it, infinity for Forever and later.
func At(t time.Time) pgtype.Timestamptz {
	if !t.Before(Forever) {
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: t, Valid: true}
}

// Time reads it back: Forever for infinity.
func Time(v pgtype.Timestamptz) time.Time {
	if v.InfinityModifier == pgtype.Infinity || !v.Valid {
		return Forever
	}
	return v.Time
}

// Null gives nil for a zero id, so that 0 in Go is null in the database.
func Null(id int) any {
	if id == 0 {
		return nil
	}
	return id
}
