package privacy

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/identity"
)

// values are the texts by which a person is known: now and at any time before.
type values struct {
	// strong ones mean this person wherever they stand: full names that nobody else has, e-mail addresses, and login names in which a digit
	// or a mark stands.
	strong []string
	// weak ones are taken for the person only in rows that name them strongly as well: numbers, and login names that may be a word.
	weak []string
}

// never is a pattern that matches nothing.
const never = `\Zx`

const valuesSQL = `with named as (
		select name v, 'name' what from identity where id = $1
		union select coalesce(attrs->>'display_name', ''), 'name' from employment_version where identity_id = $1
		union select trim(coalesce(attrs->>'first_name', '') || ' ' || coalesce(attrs->>'last_name', '')), 'name' from employment_version where identity_id = $1
		union select coalesce(number, ''), 'number' from identity where id = $1
		union select source_key, 'number' from employment where identity_id = $1
		union select coalesce(email, ''), 'mail' from identity where id = $1
		union select coalesce(attrs->>'email', ''), 'mail' from employment_version where identity_id = $1
		union select s.email, 'mail' from account_seen s join account_link l on l.account_id = s.account_id where l.identity_id = $1 and l.known_to = 'infinity'
		union select unnest(array[a.name, coalesce(s.name, ''), coalesce(n.name, '')]), 'login' from account_link l join account a on a.id = l.account_id
			left join account_seen s on s.account_id = a.id left join account_name n on n.account_id = a.id where l.identity_id = $1 and l.known_to = 'infinity')
	select v, what, exists (select from identity i where i.id <> $1 and lower(i.name) = lower(v)) from named where v <> ''`

// valuesOf reads them.
func valuesOf(tx *db.Tx, p *identity.Person) (*values, error) {
	rows, err := tx.Query(valuesSQL, p.ID)
	if err != nil {
		return nil, err
	}
	out := &values{}
	var v, what string
	var shared bool
	_, err = pgx.ForEachRow(rows, []any{&v, &what, &shared}, func() error {
		switch {
		case what == "name" && strings.Contains(v, " ") && !shared, what == "mail" && strings.Contains(v, "@"), what == "login" && telling(v):
			out.strong = append(out.strong, v)
		case what == "number", what == "login", what == "mail":
			out.weak = append(out.weak, v)
		}
		return nil
	})
	return out, err
}

// telling says whether a login name is no word: "jo.lind" and "u1042" are, "sales" is none.
func telling(login string) bool {
	return utf8.RuneCountInString(login) >= 4 && strings.IndexFunc(login, unicode.IsLetter) >= 0 && strings.IndexFunc(login, func(r rune) bool { return !unicode.IsLetter(r) }) >= 0
}

// pattern gives the regular expression (PostgreSQL's) for any of the texts as whole words, also as they stand in JSON
// and in addresses.
func pattern(texts []string, quoted bool) string {
	var all []string
	for _, t := range texts {
		inside, _ := json.Marshal(t) // a string never fails
		forms := []string{t, string(inside[1 : len(inside)-1]), url.QueryEscape(t), url.PathEscape(t)}
		for _, f := range forms {
			if quoted {
				f = `"` + f + `"`
			}
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return never
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	all = slices.Compact(all)
	for i, t := range all {
		first, _ := utf8.DecodeRuneInString(t)
		last, _ := utf8.DecodeLastRuneInString(t)
		all[i] = regexp.QuoteMeta(t)
		if inWord(first) {
			all[i] = `\m` + all[i]
		}
		if inWord(last) {
			all[i] += `\M`
		}
	}
	return "(?:" + strings.Join(all, "|") + ")"
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// names says whether a text names the person, for texts that stand for good.
func (v *values) names(text string) bool {
	low := strings.ToLower(text)
	return slices.ContainsFunc(v.strong, func(s string) bool { return strings.Contains(low, strings.ToLower(s)) })
}
