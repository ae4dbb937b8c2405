package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
)

// Guessing is slowed down by three counts, which stand in the database for all processes:
//
//   - per address (an IPv4 address or an IPv6 /64): at most perAddress wrong tries in ten minutes, whoever they are for;
//   - per account, over all browsers that never signed in to it: ten in ten minutes, then one after each rest, which doubles from
//     a minute to maxRest;
//   - per account and known browser (one with a device cookie, given after a sign-in): the same limits, for this browser alone.
//
// So whoever tries from everywhere slows down strangers only: a browser that signed in before has a count of its own, and tries
// during a rest do not prolong it. The accounts are local administrators; everybody else signs in at an identity provider.
const (
	tooMany    = 10
	perAddress = 30
	window     = 10 * time.Minute
	maxRest    = 15 * time.Minute
)

// Attempt is one try to sign in with something that can be guessed.
type Attempt struct {
	Account string // as typed; "" where only the address counts
	Address string // where from
	Device  string // the device cookie, "" for none
}

// Wait is the refusal of a try that was not even looked at.
type Wait struct{ For time.Duration }

func (w *Wait) Error() string {
	minutes := int((w.For + time.Minute - 1) / time.Minute)
	if minutes <= 1 {
		return "there were too many wrong tries; try again in a minute"
	}
	return errs.Invalid("there were too many wrong tries; try again in %d minutes", minutes).Error()
}

// limit is one count that a try is charged to.
type limit struct {
	key   [32]byte
	most  int
	grows bool
}

func (a Attempt) limits(d *db.DB) []limit {
	account := strings.ToLower(strings.TrimSpace(a.Account))
	key := func(kind, what string) [32]byte { return sha256.Sum256([]byte(kind + "\x00" + what)) }
	out := []limit{{key: key("address", prefix(a.Address)), most: perAddress}}
	if account == "" {
		return out
	}
	if seen, ok := openDevice(d, a.Device); ok && seen.Account == account {
		return append(out, limit{key: key("device", account+"\x00"+seen.ID), most: tooMany, grows: true})
	}
	return append(out, limit{key: key("account", account), most: tooMany, grows: true})
}

// prefix is what counts as one address.
func prefix(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// Charge counts a try before it is looked at, as if it were wrong, so that many at once are not let through together. It gives a
// *Wait when the try is refused unseen. Refund takes the count back after a right one. It must commit before the try is looked at.
func Charge(tx *db.Tx, a Attempt) error {
	for _, l := range a.limits(tx.DB) {
		if err := l.charge(tx); err != nil {
			return err
		}
	}
	return nil
}

func (l limit) charge(tx *db.Tx) error {
	var wrong int
	var began, now time.Time
	var rests *time.Time
	err := tx.QueryRow(`insert into guess (key, wrong, began_at) values ($1, 0, clock_timestamp())
		on conflict (key) do update set key = excluded.key returning wrong, began_at, rests_to, clock_timestamp()`, l.key[:]).Scan(&wrong, &began, &rests, &now)
	if err != nil {
		return err
	}
	// A count is forgotten a window after it began or, when it made the account rest, a window after the longest rest.
	forget := began.Add(window)
	if rests != nil && rests.Add(maxRest).After(forget) {
		forget = rests.Add(maxRest)
	}
	switch {
	case !now.Before(forget):
		wrong, began, rests = 0, now, nil
	case rests != nil && now.Before(*rests):
		return &Wait{For: rests.Sub(now)}
	case !l.grows && wrong >= l.most:
		return &Wait{For: began.Add(window).Sub(now)}
	}
	wrong++
	if l.grows && wrong >= l.most {
		until := now.Add(min(time.Minute<<min(wrong-l.most, 6), maxRest))
		rests = &until
	}
	_, err = tx.Exec(`update guess set wrong = $2, began_at = $3, rests_to = $4 where key = $1`, l.key[:], wrong, began, rests)
	return err
}

// Refund takes back what Charge counted: the try was right. What an account's own count held before is forgotten with it; the
// count of the address keeps the others'.
func Refund(tx *db.Tx, a Attempt) error {
	for _, l := range a.limits(tx.DB) {
		sql := `update guess set wrong = greatest(wrong - 1, 0) where key = $1`
		if l.grows {
			sql = `delete from guess where key = $1`
		}
		if _, err := tx.Exec(sql, l.key[:]); err != nil {
			return err
		}
	}
	return nil
}

// Forget drops what is over: counts of wrong tries that weigh nothing any more, sign-ins that were begun and not ended, and which
// questions passkeys answered.
func Forget(tx *db.Tx) error {
	if _, err := tx.Exec(`delete from guess where greatest(began_at, rests_to) < clock_timestamp() - interval '1 day'`); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from passkey_answer where answered_at < clock_timestamp() - interval '1 day'`); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from sign_in_flow where began_at < clock_timestamp() - interval '1 day'`); err != nil {
		return err
	}
	return forgetCalls(tx)
}

// device is what the cookie of a browser that signed in before says.
type device struct {
	Account string `json:"a"`
	ID      string `json:"i"`
}

// devicePlace binds the seal of device cookies.
const devicePlace = "auth/device"

// Device makes the cookie for a browser that has just signed in to an account.
func Device(d *db.DB, account string) (string, error) {
	body, err := json.Marshal(device{Account: strings.ToLower(strings.TrimSpace(account)), ID: random(16)})
	if err != nil {
		return "", err
	}
	sealed, err := d.Keeper.Seal(devicePlace, body)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func openDevice(d *db.DB, cookie string) (device, bool) {
	var out device
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || cookie == "" {
		return out, false
	}
	body, err := d.Keeper.Open(devicePlace, sealed)
	if err != nil {
		return out, false
	}
	return out, json.Unmarshal(body, &out) == nil
}
