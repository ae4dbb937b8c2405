package request

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Line is one item in a list.
type Line struct {
	Item, Request int
	Ref           string // the request's public id
	Act           Act
	Offer         int
	Level, Param  string
	Risk          string
	State         State
	Requester     string // names and public ids
	RequesterRef  string
	For           string
	ForRef        string
	ForID         int
	Why           string
	AskedAt       time.Time
	AskedTo       time.Time
	From, To      *time.Time
	Step          int // the step that the list is about; 0 for none
	By            string
	Named         string
	Version       int // of the step
	DueAt         *time.Time
	Holders       string // names
	Conflicts     []Conflict
	InName        int // in whose name the reader is asked
	EndedBecause  string
}

const lineColumns = `select i.id, i.request_id, r.public_id::text, i.act, i.offer_id, i.level, i.param, i.risk, i.state, q.name, q.public_id::text, b.name, b.public_id::text, b.id, r.why, r.asked_at, i.asked_to,
		i.from_at, i.to_at, coalesce(s.id, 0), coalesce(s.by, ''), coalesce(s.named, ''), coalesce(s.version, 0), s.due_at,
		coalesce((select string_agg(p.name, ', ' order by lower(p.name), p.id) from (select p.name, p.id from request_holder h join identity p on p.id = h.identity_id where h.step_id = s.id and h.until is null order by lower(p.name), p.id limit 4) p), ''),
		i.conflicts, 0, coalesce(i.ended_because, '')
	from request_item i join request r on r.id = i.request_id join identity q on q.id = i.requester_id join identity b on b.id = i.beneficiary_id `

// current picks the step of an item that waits the longest.
const current = ` left join lateral (select * from request_step s where s.item_id = i.id and s.state = 'open' order by s.position, s.id limit 1) s on true `

// Mine gives what somebody asked for, or what was asked for them: what is open first, then the latest.
func Mine(tx *db.Tx, who, limit int) ([]Line, error) {
	return lines(tx, lineColumns+current+` where i.requester_id = $1 or i.beneficiary_id = $1 order by i.state <> 'open', i.id desc limit $2`, who, limit)
}

// Running gives what requests give to somebody now or later, what ends first at the top.
func Running(tx *db.Tx, who int) ([]Line, error) {
	return lines(tx, lineColumns+current+` where i.beneficiary_id = $1 and i.state = 'granted' and i.to_at > $2 order by i.to_at, i.id limit 200`, who, tx.Now)
}

// Waiting gives the steps that are asked of somebody, or of those in whose name they act; the most urgent first.
func Waiting(tx *db.Tx, who int, names []Name, limit int) ([]Line, error) {
	teams, apps := scopes(names)
	all, err := lines(tx, lineColumns+` join request_step s on s.item_id = i.id and s.state = 'open' where `+askedOf+` order by s.due_at, s.id limit $5`, who, teams, apps, who, limit)
	return all, err
}

// askedOf says that a step s is asked of $1, or in the name of a manager $2 or of an owner $3, and that $4 is neither who asked nor whom it is for.
const askedOf = ` $4 not in (s.requester_id, s.beneficiary_id) and exists (select from request_holder h where h.step_id = s.id and h.until is null
	and (h.identity_id = $1 or h.identity_id = any($2::int[]) and h.why = 'manager' or h.identity_id = any($3::int[]) and h.why = 'owner')) `

func scopes(names []Name) (teams, apps []int) {
	teams, apps = []int{}, []int{}
	for _, n := range names {
		if n.Team {
			teams = append(teams, n.For)
		}
		if n.Applications {
			apps = append(apps, n.For)
		}
	}
	return teams, apps
}

func lines(tx *db.Tx, sql string, args ...any) ([]Line, error) {
	rows, err := tx.Query(sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Line])
}

// Notes gives the conversation of a request, the first first.
func Notes(tx *db.Tx, request int) ([]Note, error) {
	rows, err := tx.Query(`select n.author_id, i.name, n.kind, n.body, n.said_at from request_note n join identity i on i.id = n.author_id where n.request_id = $1 order by n.id limit 200`, request)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Note])
}

// Standing gives what somebody has by requests and what was asked for them and is not decided.
func Standing(tx *db.Tx, who int) ([]Line, error) {
	return lines(tx, lineColumns+current+` where i.beneficiary_id = $1 and (i.state = 'open' or i.state = 'granted' and i.to_at > $2) order by i.state = 'open', i.id limit 500`, who, tx.Now)
}
