package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// The local administrator proves two things: a password, and a code of an authenticator app (TOTP, RFC 6238) or a passkey.

// step is how long a code of an authenticator app lasts; skew is how many steps its clock may be off.
const (
	step = 30
	skew = 1
)

// recoveryCodes is how many codes are given out for the day the phone is lost.
const recoveryCodes = 10

// Enrolment is a new secret for an authenticator app, before a code confirmed that the app has it.
type Enrolment struct {
	Key    string // to type by hand
	Image  string // the QR code, as a data: address of a PNG
	Sealed string // to carry to Confirm
}

const enrolmentPlace = "auth/enrolment"

// Enrol makes a secret for an authenticator app, under the name of an account.
func Enrol(d *db.DB, account string) (*Enrolment, error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "Tenure", AccountName: account, SecretSize: 20, Period: step})
	if err != nil {
		return nil, err
	}
	return enrolment(d, k)
}

// Resume gives an enrolment again, so that a page shown twice shows the same secret.
func Resume(d *db.DB, account, sealed string) (*Enrolment, error) {
	secret, err := unsealText(d, sealed)
	if err != nil {
		return nil, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return nil, err
	}
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "Tenure", AccountName: account, Secret: raw, Period: step})
	if err != nil {
		return nil, err
	}
	return enrolment(d, k)
}

func enrolment(d *db.DB, k *otp.Key) (*Enrolment, error) {
	img, err := k.Image(200, 200)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	sealed, err := d.Keeper.Seal(enrolmentPlace, []byte(k.Secret()))
	if err != nil {
		return nil, err
	}
	return &Enrolment{Key: grouped(k.Secret()), Image: "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()),
		Sealed: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

func unsealText(d *db.DB, sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	plain, err := d.Keeper.Open(enrolmentPlace, raw)
	return string(plain), err
}

// grouped writes a code in groups of four.
func grouped(s string) string {
	var out []string
	for ; len(s) > 4; s = s[4:] {
		out = append(out, s[:4])
	}
	return strings.Join(append(out, s), " ")
}

// Confirm stores an authenticator app's secret once a code shows that the app has it, and gives recovery codes: this once, only
// their hashes are stored. The codes from before end.
func Confirm(tx *db.Tx, who int, sealed, code string) ([]string, error) {
	secret, err := unsealText(tx.DB, sealed)
	if err != nil {
		return nil, errs.Conflict("this set-up has ended; begin again")
	}
	now, err := tx.Known()
	if err != nil {
		return nil, err
	}
	at, ok := matchStep(secret, code, now, 0)
	if !ok {
		return nil, errs.InvalidFields("the code", []errs.Field{{Field: "code", Rule: "is not the one the app shows now"}})
	}
	n, err := tx.Exec(`update second_factor set removed_at = clock_timestamp() where identity_id = $1 and kind = 'totp' and removed_at is null`, who)
	if err != nil {
		return nil, err
	}
	id, err := addFactor(tx, who, "totp", "Authenticator app", func(id int) ([]byte, error) { return tx.DB.Keeper.Seal(factorPlace(id), []byte(secret)) }, at, 0)
	if err != nil {
		return nil, err
	}
	tx.Record(evidence.Event{Kind: "auth.factor_added", IdentityID: who, Touches: evidence.Touches{"second_factor": 1 + int(n)},
		Facts: map[string]any{"kind": "totp", "factor": id, "replaced": n}})
	return NewRecovery(tx, who)
}

func factorPlace(id int) string { return fmt.Sprintf("second_factor/%d", id) }

// NewRecovery gives a person new recovery codes, this once: only their hashes are stored. The codes from before end.
func NewRecovery(tx *db.Tx, who int) ([]string, error) {
	n, err := tx.Exec(`update recovery_code set used_at = clock_timestamp() where identity_id = $1 and used_at is null`, who)
	if err != nil {
		return nil, err
	}
	var codes []string
	var hashes [][]byte
	for range recoveryCodes {
		raw := make([]byte, 10)
		_, _ = rand.Read(raw) // never fails
		c := base32.StdEncoding.EncodeToString(raw)
		codes = append(codes, grouped(c))
		h := sha256.Sum256([]byte(c))
		hashes = append(hashes, h[:])
	}
	tx.Record(evidence.Event{Kind: "auth.recovery_made", IdentityID: who, Touches: evidence.Touches{"recovery_code": recoveryCodes + int(n)},
		Facts: map[string]any{"codes": recoveryCodes, "ended": n}})
	_, err = tx.Exec(`insert into recovery_code (hash, identity_id) select unnest($1::bytea[]), $2`, hashes, who)
	return codes, err
}

// codeAtStep gives the code of a time step.
func codeAtStep(secret string, s int64) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// matchStep gives the time step whose code it is, among those that are near and later than after.
func matchStep(secret, code string, now time.Time, after int64) (int64, bool) {
	for s := now.Unix()/step - skew; s <= now.Unix()/step+skew; s++ {
		want, err := codeAtStep(secret, s)
		if err == nil && s > after && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// Code checks a code of an authenticator app, or a recovery code, each of which works once, and says which it was. The try is
// charged before (Charge).
func Code(tx *db.Tx, who int, code string) (method string, err error) {
	code = strings.ToUpper(strings.Join(strings.Fields(code), ""))
	if len(code) == 16 {
		h := sha256.Sum256([]byte(code))
		n, err := tx.Exec(`update recovery_code set used_at = clock_timestamp() where hash = $1 and identity_id = $2 and used_at is null`, h[:], who)
		if err == nil && n == 1 {
			tx.Record(evidence.Event{Kind: "auth.recovery_code_used", IdentityID: who, Touches: evidence.Touches{"recovery_code": 1}})
			return "recovery_code", nil
		}
		if err != nil {
			return "", err
		}
	}
	var id int
	var sealed []byte
	var last int64
	var now time.Time
	err = tx.QueryRow(`select f.id, f.sealed, u.last_step, clock_timestamp() from second_factor f join second_factor_use u on u.factor_id = f.id
		where f.identity_id = $1 and f.kind = 'totp' and f.removed_at is null order by f.id limit 1 for update of u`, who).Scan(&id, &sealed, &last, &now)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	if err == nil {
		secret, err := tx.DB.Keeper.Open(factorPlace(id), sealed)
		if err != nil {
			return "", err
		}
		if at, ok := matchStep(string(secret), code, now, last); ok {
			_, err := tx.Exec(`update second_factor_use set last_step = $2, used_at = clock_timestamp() where factor_id = $1`, id, at)
			return "totp", err
		}
	}
	Refused(tx, who, "code", "wrong")
	return "", errs.Unauthenticated("the code is not right, or was used already; wait for the next one")
}
