package catalog

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mozillazg/go-unidecode"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
)

// Orphan is an account that belongs to nobody known.
type Orphan struct {
	ID                  int
	Name, Email, Number string
	NativeID            string
	Enabled, Privileged bool
	LastSignIn          *time.Time
	Holds               int
	Disabling           bool // a disabling is proposed or on its way
	Suggested           []Suggestion
}

// Suggestion is a person whose account an orphan may be, with why. Nobody is linked by a suggestion: a person decides.
type Suggestion struct {
	Identity int
	PublicID string
	Name     string
	Number   string
	State    string
	Why      []string // "same e-mail address"
	Score    int      // the greater the likelier
	HasOne   bool     // they have an account here already
}

const orphanSQL = `select a.id, a.name, coalesce(s.email, ''), coalesce(s.number, ''), coalesce(a.native_id, ''), coalesce(s.enabled, false), coalesce(s.privileged, false), s.last_sign_in,
		(select count(*) from observed o join entitlement e on e.id = o.entitlement_id and e.kind <> 'account' where o.account_id = a.id and o.seen_to is null),
		exists (select from operation p where p.account_id = a.id and p.kind = 'disable' and p.state in ('proposed', 'pending', 'claimed', 'acknowledged'))
	from account a left join account_seen s on s.account_id = a.id
	where a.application_id = $1 and a.kind = 'person' and a.native_id is not null and a.gone_at is null
		and not exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity') `

// Orphans gives one page of an application's orphans by id, with whom they may belong to.
func Orphans(tx *db.Tx, app *Application, after, limit int) ([]Orphan, error) {
	rows, err := tx.Query(orphanSQL+`and a.id > $2 order by a.id limit $3`, app.ID, after, limit)
	return orphansOf(tx, app, rows, err)
}

// GetOrphan gives one of them.
func GetOrphan(tx *db.Tx, app *Application, account int) (*Orphan, error) {
	rows, err := tx.Query(orphanSQL+`and a.id = $2`, app.ID, account)
	all, err := orphansOf(tx, app, rows, err)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.NotFound("there is no such orphan: it may have been claimed, or be gone")
	}
	return &all[0], nil
}

func orphansOf(tx *db.Tx, app *Application, rows pgx.Rows, err error) ([]Orphan, error) {
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (o Orphan, err error) {
		err = r.Scan(&o.ID, &o.Name, &o.Email, &o.Number, &o.NativeID, &o.Enabled, &o.Privileged, &o.LastSignIn, &o.Holds, &o.Disabling)
		return o, err
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, suggest(tx, app, all)
}

// suggest looks for people in three ways, each with an index: the e-mail address, the number, and the words of the login name among
// the words of people's names. Whoever fits the application's own login pattern counts more.
func suggest(tx *db.Tx, app *Application, all []Orphan) error {
	n := len(all)
	ids, emails, numbers, locals := make([]int, n), make([]string, n), make([]string, n), make([]string, n)
	var wordOf []int
	var words, hows []string
	var longest []bool
	for i := range all {
		o := &all[i]
		local, _, _ := strings.Cut(o.Name, "@")
		ids[i], emails[i], numbers[i], locals[i] = o.ID, strings.ToLower(o.Email), o.Number, strings.ToLower(local)
		list, how := nameWords(local)
		for k, w := range list {
			wordOf, words, hows, longest = append(wordOf, o.ID), append(words, w), append(hows, how), append(longest, k == 0)
		}
	}
	rows, err := tx.Query(`with o as (select * from unnest($1::int[], $2::text[], $3::text[], $4::text[]) o(id, email, number, local)),
		w as (select * from unnest($5::int[], $6::text[], $8::text[], $9::boolean[]) w(id, word, how, longest)),
		fit as (
			select o.id, i.id who, 'email' how from o join identity i on o.email <> '' and lower(i.email) = o.email
			union select o.id, i.id, 'email' from o join identity i on lower(i.email) = lower(o.local) or o.local <> '' and lower(i.email) = o.local
			union select o.id, i.id, 'number' from o join identity i on o.number <> '' and i.number = o.number or i.number = o.local
			union select w.id, m.identity_id, w.how from w cross join lateral (select x.identity_id from identity_word x where x.word = w.word
				and not exists (select from w v where v.id = w.id and v.word <> w.word
					and not exists (select from identity_word y where y.word = v.word and y.identity_id = x.identity_id)) limit 10) m where w.longest)
		select f.id, i.id, i.public_id::text, i.name, coalesce(i.number, ''), i.state, array_agg(f.how order by f.how), i.attrs,
			exists (select from account_link l join account a on a.id = l.account_id and a.application_id = $7 and a.gone_at is null where l.identity_id = i.id and l.known_to = 'infinity')
		from fit f join (select p.id, p.public_id, p.name, p.number, p.state, p.kind, (select jsonb_build_object('first_name', v.attrs->>'first_name',
				'last_name', v.attrs->>'last_name', 'email', p.email, 'number', p.number) from employment_version v where v.identity_id = p.id
				and v.known_to = 'infinity' order by v.valid_from desc limit 1) attrs from identity p) i on i.id = f.who and i.kind = 'person'
		group by 1, 2, 3, 4, 5, 6, 8, 9`, ids, emails, numbers, locals, wordOf, words, app.ID, hows, longest)
	if err != nil {
		return err
	}
	at := map[int]*Orphan{}
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	var id int
	var s Suggestion
	var how []string
	var attrs map[string]string
	if _, err := pgx.ForEachRow(rows, []any{&id, &s.Identity, &s.PublicID, &s.Name, &s.Number, &s.State, &how, &attrs, &s.HasOne}, func() error {
		at[id].suggested(app, s, how, attrs)
		attrs = nil
		return nil
	}); err != nil {
		return err
	}
	for i := range all {
		slices.SortFunc(all[i].Suggested, func(a, b Suggestion) int { return cmp.Or(b.Score-a.Score, cmp.Compare(a.Name, b.Name)) })
		all[i].Suggested = all[i].Suggested[:min(3, len(all[i].Suggested))]
	}
	return nil
}

func (o *Orphan) suggested(app *Application, s Suggestion, how []string, attrs map[string]string) {
	s.Why, s.Score = nil, 0
	for _, x := range []struct {
		how, why string
		score    int
	}{{"number", "same number", 100}, {"email", "same e-mail address", 90}, {"name", "the login name has the words of their name", 40}} {
		if slices.Contains(how, x.how) {
			s.Why, s.Score = append(s.Why, x.why), s.Score+x.score
		}
	}
	local, _, _ := strings.Cut(o.Name, "@")
	if len(attrs) > 0 && RenderName(app.Spec.Accounts.Name, attrs) == strings.ToLower(local) {
		s.Why, s.Score = append(s.Why, "the login name is the one they would get here"), s.Score+45
	}
	if s.Score == 0 { // a surname alone says nothing
		return
	}
	if s.HasOne {
		s.Score -= 60
	}
	o.Suggested = append(o.Suggested, s)
}

// nameWords gives the words of a login name that may be somebody's name, the longest (and so the rarest) first. Of a single word
// the first letter may be an initial: without it the word only counts where the login pattern fits as well.
func nameWords(local string) (words []string, how string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(unidecode.Unidecode(local)), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if len(w) > 1 && !slices.Contains(words, w) && len(words) < 4 {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	if len(words) == 1 {
		return []string{words[0][1:]}, "initial"
	}
	return words, "name"
}

// LockOrphan locks an account that belongs to nobody. It is a Conflict when somebody was faster.
func LockOrphan(tx *db.Tx, app, account int) (slotTaken func(who int) (bool, error), err error) {
	var kind string
	var linked bool
	err = tx.QueryRow(`select kind, exists (select from account_link l where l.account_id = a.id and l.known_to = 'infinity') from account a
		where id = $1 and application_id = $2 and native_id is not null and gone_at is null for no key update`, account, app).Scan(&kind, &linked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, errs.NotFound("there is no such account")
	case err != nil:
		return nil, err
	case linked:
		return nil, errs.Conflict("the account belongs to a person meanwhile; look at it again")
	case kind != "person":
		return nil, errs.Conflict("the account is a service account meanwhile; look at it again")
	}
	return func(who int) (taken bool, err error) {
		err = tx.QueryRow(`select exists (select from account b join account_link m on m.account_id = b.id and m.known_to = 'infinity'
			where b.application_id = $1 and b.slot = '' and b.gone_at is null and m.identity_id = $2)`, app, who).Scan(&taken)
		return taken, err
	}, nil
}

// DeclareService says that an orphan belongs to a machine, and who answers for it.
func DeclareService(tx *db.Tx, app, account, owner int, reason string) error {
	if _, err := LockOrphan(tx, app, account); err != nil {
		return err
	}
	if _, err := tx.Exec(`update account set kind = 'service', owner_id = $2 where id = $1`, account, owner); err != nil {
		return err
	}
	tx.Record(evidence.Event{Kind: "account.declared_service", Touches: evidence.Touches{"account": 1},
		Facts: map[string]any{"application": app, "account": account, "owner": owner, "reason": reason}})
	return nil
}
