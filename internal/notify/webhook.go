package notify

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// HookKinds are the kinds of happenings that webhooks can ask for.
var HookKinds = []string{"request.submitted", "request.decided", "request.granted", "request.ended", "request.expired", "request.cancelled", "emergency.used"}

// HookTest is what a webhook is sent when somebody tries it.
const HookTest = "webhook.test"

// Webhook is a system that is told what happens.
type Webhook struct {
	ID     int
	Name   string
	URL    string
	Kinds  []string // empty: everything
	Active bool
	Made   time.Time
	By     string
	// Waiting and Dead are how many of its deliveries are; Last is when one was last tried, Answer what came of it.
	Waiting, Dead int
	Last          *time.Time
	Answer        string
}

// hook is what a call needs.
type hook struct {
	url    string
	secret []byte
}

// mostHooks bounds how many there are.
const mostHooks = 100

// Declare makes a webhook and gives the secret with which its calls are signed: it is not shown again.
func Declare(tx *db.Tx, name, address string, kinds []string) (id int, secret string, err error) {
	name = strings.TrimSpace(name)
	var bad []errs.Field
	if name == "" || len([]rune(name)) > 60 {
		bad = append(bad, errs.Field{Field: "name", Rule: "is required, with up to 60 characters"})
	}
	u, wrong := url.Parse(address)
	switch {
	case wrong != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(address) > 2000:
		bad = append(bad, errs.Field{Field: "url", Rule: "must be an address such as https://hooks.example.com/tenure"})
	case u.User != nil || u.Fragment != "":
		bad = append(bad, errs.Field{Field: "url", Rule: "must hold no password and no fragment"})
	}
	for _, k := range kinds {
		if !slices.Contains(HookKinds, k) {
			bad = append(bad, errs.Field{Field: "kinds", Rule: "must be chosen from the list"})
			break
		}
	}
	if len(bad) > 0 {
		return 0, "", errs.InvalidFields("the webhook is not valid", bad)
	}
	var n int
	if err := tx.QueryRow(`select count(*) from webhook`).Scan(&n); err != nil {
		return 0, "", err
	}
	if n >= mostHooks {
		return 0, "", errs.Conflict("there are %d webhooks already", n)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	if id, err = tx.IDs("webhook", 1); err != nil {
		return 0, "", err
	}
	sealed, err := tx.DB.Keeper.Seal(secretPlace(id), key)
	if err != nil {
		return 0, "", err
	}
	if kinds == nil {
		kinds = []string{}
	}
	if _, err := tx.Exec(`insert into webhook (id, name, url, secret, kinds, made_by) values ($1, $2, $3, $4, $5, $6)`, id, name, address, sealed, kinds, tx.Actor.ID); err != nil {
		return 0, "", err
	}
	tx.Record(evidence.Event{Kind: "webhook.declared", Touches: evidence.Touches{"webhook": 1}, Facts: map[string]any{"webhook": id, "name": name, "host": u.Host, "kinds": kinds}})
	return id, "whsec_" + base64.StdEncoding.EncodeToString(key), nil
}

func secretPlace(id int) string { return "webhook/" + strconv.Itoa(id) }

func openHook(tx *db.Tx, id int) (*hook, error) {
	h := &hook{}
	var sealed []byte
	if err := tx.QueryRow(`select url, secret from webhook where id = $1`, id).Scan(&h.url, &sealed); err != nil {
		return nil, err
	}
	var err error
	h.secret, err = tx.DB.Keeper.Open(secretPlace(id), sealed)
	return h, err
}

// SetActive pauses a webhook, or lets it go on: what happened meanwhile is sent then.
func SetActive(tx *db.Tx, id int, active bool) error {
	n, err := tx.Exec(`update webhook set active = $2 where id = $1 and active <> $2`, id, active)
	if err != nil {
		return err
	}
	kind := map[bool]string{true: "webhook.resumed", false: "webhook.paused"}[active]
	if n == 0 {
		if _, err := HookAt(tx, id); err != nil {
			return err
		}
		return errs.Conflict("the webhook is so already")
	}
	tx.Record(evidence.Event{Kind: kind, Touches: evidence.Touches{"webhook": 1}, Facts: map[string]any{"webhook": id}})
	return ring(tx, map[string]bool{webhookChannel: active})
}

// Hook tells the systems that asked for a kind of happening, once the transaction commits. Data is theirs to read: it is sent as JSON.
func Hook(tx *db.Tx, kind string, data any) error {
	_, err := hookTo(tx, kind, data, `$1 = any(w.kinds) or w.kinds = '{}'`)
	return err
}

// HookAll is Hook for several things of a kind at once.
func HookAll(tx *db.Tx, kind string, data []any) error {
	bodies := make([]string, len(data))
	for i := range data {
		body, err := json.Marshal(data[i])
		if err != nil {
			return err
		}
		bodies[i] = string(body)
	}
	if simulated, err := tx.Simulated(); err != nil || simulated {
		return err
	}
	n, err := tx.Exec(`insert into delivery (channel, webhook_id, kind, body) select 'webhook', w.id, $1, b.body::jsonb from unnest($2::text[]) with ordinality b(body, n), webhook w
		where $1 = any(w.kinds) or w.kinds = '{}' order by b.n, w.id`, kind, bodies)
	if err != nil || n == 0 {
		return err
	}
	return ring(tx, map[string]bool{webhookChannel: true})
}

// HookAddress tells the system at an address, whatever it asked for. It must be declared: a call is signed with the secret of its webhook.
func HookAddress(tx *db.Tx, address, kind string, data any) error {
	n, err := hookTo(tx, kind, data, `w.url = $3`, address)
	if err == nil && n == 0 {
		if simulated, err := tx.Simulated(); err != nil || simulated {
			return err
		}
		return errs.Conflict("no webhook is declared for %s", address)
	}
	return err
}

// TryHook sends a webhook a test.
func TryHook(tx *db.Tx, id int) error {
	if _, err := HookAt(tx, id); err != nil {
		return err
	}
	_, err := hookTo(tx, HookTest, map[string]string{"text": "This is a test."}, `w.id = $3`, id)
	return err
}

func hookTo(tx *db.Tx, kind string, data any, where string, more ...any) (int64, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return 0, err
	}
	if simulated, err := tx.Simulated(); err != nil || simulated {
		return 0, err
	}
	n, err := tx.Exec(`insert into delivery (channel, webhook_id, kind, body) select 'webhook', w.id, $1, $2 from webhook w where `+where, append([]any{kind, body}, more...)...)
	if err != nil || n == 0 {
		return n, err
	}
	return n, ring(tx, map[string]bool{webhookChannel: true})
}

const hookColumns = `select w.id, w.name, w.url, w.kinds, w.active, w.made_at, a.name, coalesce(d.waiting, 0), coalesce(d.dead, 0), l.tried_at, coalesce(l.answer, '')
	from webhook w join actor a on a.id = w.made_by
	left join lateral (select count(*) filter (where state = 'waiting') waiting, count(*) filter (where state = 'dead') dead from delivery where webhook_id = w.id) d on true
	left join lateral (select tried_at, answer from delivery where webhook_id = w.id and tried_at is not null order by tried_at desc limit 1) l on true `

// Webhooks gives all of them, by name.
func Webhooks(tx *db.Tx) ([]Webhook, error) {
	rows, err := tx.Query(hookColumns + `order by lower(w.name), w.id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Webhook])
}

// HookAt gives one.
func HookAt(tx *db.Tx, id int) (*Webhook, error) {
	rows, err := tx.Query(hookColumns+`where w.id = $1`, id)
	if err != nil {
		return nil, err
	}
	w, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Webhook])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such webhook")
	}
	return &w, err
}

// Call is one call of a webhook.
type Call struct {
	ID       int64
	PublicID string
	Kind     string
	State    string // waiting, sent, dead
	Attempts int
	Made     time.Time
	Tried    *time.Time
	Next     time.Time // while it waits
	Answer   string
}

// Calls gives the last calls of a webhook, the newest first.
func Calls(tx *db.Tx, webhook, most int) ([]Call, error) {
	rows, err := tx.Query(`select id, public_id::text, kind, state, attempts, made_at, tried_at, next_at, answer from delivery where webhook_id = $1 order by id desc limit $2`, webhook, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Call])
}

// Replay sends a call that was sent or is dead once more, under the same id.
func Replay(tx *db.Tx, webhook int, call int64) error {
	n, err := tx.Exec(`update delivery set state = 'waiting', attempts = 0, next_at = clock_timestamp(), done_at = null where id = $1 and webhook_id = $2 and state in ('sent', 'dead')`,
		call, webhook)
	if err != nil {
		return err
	}
	if n == 0 {
		var there bool
		if err := tx.QueryRow(`select exists (select from delivery where id = $1 and webhook_id = $2)`, call, webhook).Scan(&there); err != nil {
			return err
		}
		if there {
			return errs.Conflict("this call waits to be sent already")
		}
		return errs.NotFound("there is no such call")
	}
	return ring(tx, map[string]bool{webhookChannel: true})
}

// Standing is how telling people goes: for those who look after it.
type Standing struct {
	Waiting, Dead map[string]int // by channel
}

// StandingOf counts.
func StandingOf(tx *db.Tx) (*Standing, error) {
	st := &Standing{Waiting: map[string]int{}, Dead: map[string]int{}}
	rows, err := tx.Query(`select channel, state, count(*) from delivery where state in ('waiting', 'dead') group by 1, 2`)
	if err != nil {
		return nil, err
	}
	var channel, state string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&channel, &state, &n}, func() error {
		if state == "dead" {
			st.Dead[channel] = n
		} else {
			st.Waiting[channel] = n
		}
		return nil
	})
	return st, err
}
