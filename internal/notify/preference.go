package notify

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Preference is how a person wants to be told. The zero value but for Hour is what everybody starts with: at once, everything.
type Preference struct {
	Digest bool     // one letter a day with what can wait
	Hour   int      // at which it comes, in the person's zone
	Off    []string // kinds that are told by no letter and no Slack message: of Optional
}

// Preferences gives how a person wants to be told, and whether Slack tells them.
func Preferences(tx *db.Tx, who int) (p Preference, linked bool, err error) {
	p.Hour = 8
	err = tx.QueryRow(`select digest, hour, off from notify_preference where identity_id = $1`, who).Scan(&p.Digest, &p.Hour, &p.Off)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, false, err
	}
	err = tx.QueryRow(`select exists (select from slack_link where identity_id = $1 and ended_at is null)`, who).Scan(&linked)
	return p, linked, err
}

// Prefer stores it. A duty cannot be switched off.
func Prefer(tx *db.Tx, who int, p Preference) error {
	if p.Hour < 0 || p.Hour > 23 {
		return errs.InvalidFields("how you are told", []errs.Field{{Field: "hour", Rule: "is an hour from 0 to 23"}})
	}
	for _, k := range p.Off {
		if !slices.Contains(Optional, k) {
			return errs.InvalidFields("how you are told", []errs.Field{{Field: "off", Rule: fmt.Sprintf("cannot be %q: only what is optional can be switched off", k)}})
		}
	}
	if p.Off == nil {
		p.Off = []string{}
	}
	_, err := tx.Exec(`insert into notify_preference (identity_id, digest, hour, off) values ($1, $2, $3, $4)
		on conflict (identity_id) do update set digest = excluded.digest, hour = excluded.hour, off = excluded.off, changed_at = clock_timestamp()`,
		who, p.Digest, p.Hour, p.Off)
	return err
}

// ways are the ways to a person.
type ways struct {
	Preference
	here  bool // who has left is told nothing
	slack bool
	zone  *time.Location
}

// of says by which channel a message goes, and whether it waits for the digest; no channel where it stands in the portal only.
func (w *ways) of(m *Message) (channel string, digest bool) {
	switch {
	case w == nil || !w.here || slices.Contains(w.Off, m.Kind):
		return "", false
	case w.slack && m.Kind != Security && m.Kind != Figures: // what is about Slack itself comes by letter, and what was arranged as one
		return slackChannel, false
	}
	return mailChannel, w.Digest && !m.Urgent && m.Kind != Emergency && m.Kind != Security
}

// zoneOf is the zone of a person i: their own choice, or that of the employment that goes on or comes next.
const zoneOf = `coalesce((select nullif(p.zone, '') from preference p where p.identity_id = i.id),
	(select v.zone from employment_version v where v.identity_id = i.id and v.known_to = 'infinity' order by v.valid_to desc, v.valid_from desc limit 1), 'UTC')`

func waysOf(tx *db.Tx, ms []Message) (map[int]*ways, error) {
	var ids []int
	for i := range ms {
		ids = append(ids, ms[i].To)
	}
	rows, err := tx.Query(`select i.id, i.state <> 'left' and i.locked_at is null, exists (select from slack_link l where l.identity_id = i.id and l.ended_at is null),
		coalesce(n.digest, false), coalesce(n.hour, 8), coalesce(n.off, '{}'), `+zoneOf+`
		from identity i left join notify_preference n on n.identity_id = i.id where i.id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[int]*ways{}
	for rows.Next() {
		var id int
		var zone string
		w := &ways{}
		if err := rows.Scan(&id, &w.here, &w.slack, &w.Digest, &w.Hour, &w.Off, &zone); err != nil {
			return nil, err
		}
		w.zone = location(zone)
		out[id] = w
	}
	return out, rows.Err()
}

func location(zone string) *time.Location {
	if loc, err := time.LoadLocation(zone); err == nil {
		return loc
	}
	return time.UTC
}

// nextAt is the next instant at which an hour begins in a zone. An hour that the clock skips is the one after.
func nextAt(now time.Time, hour int, zone *time.Location) time.Time {
	t := now.In(zone)
	for day := 0; ; day++ {
		if at := time.Date(t.Year(), t.Month(), t.Day()+day, hour, 0, 0, 0, zone); at.After(now) {
			return at
		}
	}
}
