package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/mozillazg/go-unidecode"

	"tenure/internal/db"
	"tenure/internal/evidence"
)

// NameCap is the longest login name that RenderName makes, in characters: PostgreSQL allows 63, and three are left for the
// number of a namesake.
const NameCap = 60

var (
	placeholder = regexp.MustCompile(`\{([a-z0-9_]+)\}`)
	separators  = regexp.MustCompile(`[._-]{2,}`)
)

func checkTemplate(t string) string {
	if !placeholder.MatchString(t) {
		return "must hold a placeholder such as {first_name}, {l} or {number}"
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(t, ""), "{}") {
		return "has a brace that is not part of a placeholder such as {first_name}"
	}
	return ""
}

// RenderName makes the login name that a person would get if nobody else had it. Placeholders are {f} and {l} (initials),
// {email_local} (the e-mail address before the @) and every attribute by its name. The result is transliterated to ASCII and
// lower-cased, holds only a-z, 0-9, ".", "_" and "-", has no separator at its ends and at most NameCap characters. When
// nothing is left it is the number.
func RenderName(template string, attrs map[string]string) string {
	s := plain(placeholder.ReplaceAllStringFunc(template, func(p string) string {
		switch p {
		case "{f}":
			return initial(attrs["first_name"])
		case "{l}":
			return initial(attrs["last_name"])
		case "{email_local}":
			local, _, _ := strings.Cut(attrs["email"], "@")
			return local
		}
		return attrs[p[1:len(p)-1]]
	}))
	if s == "" {
		s = plain(attrs["number"])
	}
	return s
}

// initial is taken after the transliteration: the initial of Ægir is "a", not "AE".
func initial(name string) string {
	if s := plain(name); s != "" {
		return s[:1]
	}
	return ""
}

// plain drops what a login name cannot hold. A separator run becomes its first character, so that a missing part leaves no gap.
func plain(s string) string {
	if !ascii(s) {
		s = unidecode.Unidecode(s)
	}
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(s))
	if doubled(s) {
		s = separators.ReplaceAllStringFunc(s, func(run string) string { return run[:1] })
	}
	s = strings.Trim(s, "._-")
	if len(s) > NameCap {
		s = strings.TrimRight(s[:NameCap], "._-")
	}
	return s
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// doubled says whether two separators stand side by side.
func doubled(s string) bool {
	for i := 1; i < len(s); i++ {
		if strings.IndexByte("._-", s[i]) >= 0 && strings.IndexByte("._-", s[i-1]) >= 0 {
			return true
		}
	}
	return false
}

// Wish asks for a login name for an account: Base, or Base with a number from 2 on. The account's row may be written later in
// the same transaction.
type Wish struct {
	Account int
	Base    string
}

// nameLock is the class of the advisory locks on the names of an application.
const nameLock = 7234513

// ReserveNames gives every wish a name that no account of the application has or ever had, by account, and reserves it for
// ever. Earlier wishes get the lower numbers. Two transactions that reserve in one application wait for each other.
//
// The statements are few whatever the number of wishes: each round asks the database about all candidates at once, and
// doubles how many it tries where names like "ana2" were wished for as such.
func ReserveNames(tx *db.Tx, appID int, wishes []Wish) (map[int]string, error) {
	out := make(map[int]string, len(wishes))
	if len(wishes) == 0 {
		return out, nil
	}
	var lines []*queue
	if err := db.Asking(tx, func(tx *db.Tx) error {
		_, err := tx.Exec(`select pg_advisory_xact_lock($1, $2)`, nameLock, appID)
		return err
	}, func(tx *db.Tx) (err error) { lines, err = queues(tx, appID, wishes); return err }); err != nil {
		return nil, err
	}
	given := make(map[string]reserved, len(wishes))
	for tries := 1; len(given) < len(wishes); tries *= 2 {
		var probes []string
		for _, l := range lines {
			probes = l.probe(probes, tries)
		}
		taken, err := takenNames(tx, appID, probes)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			l.serve(tries, taken, given)
		}
	}
	rows := make([]reserved, 0, len(given))
	for _, r := range given {
		rows = append(rows, r)
		out[r.account] = r.name
	}
	return out, tx.Bulk("account_name", []string{"application_id", "name", "base", "n", "account_id"}, len(rows), func(i int, r *db.Row) error {
		n := &rows[i]
		r.Int(appID)
		r.Text(n.name)
		r.Text(n.base)
		r.Int(n.n)
		r.Int(n.account)
		return nil
	})
}

type reserved struct {
	name, base string
	n, account int
}

// queue is the accounts that wait for a name with the same base, and the number to try next.
type queue struct {
	base     string
	next     int
	accounts []int
}

// queues sorts the wishes by base, in the order of their first wish, and continues the numbers given before.
func queues(tx *db.Tx, appID int, wishes []Wish) ([]*queue, error) {
	byBase := map[string]*queue{}
	var lines []*queue
	var bases []string
	for _, w := range wishes {
		if w.Base == "" {
			return nil, fmt.Errorf("account %d wishes for an empty name", w.Account)
		}
		l := byBase[w.Base]
		if l == nil {
			l = &queue{base: w.Base, next: 1}
			byBase[w.Base], lines, bases = l, append(lines, l), append(bases, w.Base)
		}
		l.accounts = append(l.accounts, w.Account)
	}
	rows, err := tx.Query(`select base, max(n) from account_name where application_id = $1 and base = any($2) group by base`, appID, bases)
	if err != nil {
		return nil, err
	}
	var base string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&base, &n}, func() error { byBase[base].next = n + 1; return nil })
	return lines, err
}

// width is how many numbers a queue tries in a round.
func (l *queue) width(tries int) int {
	if len(l.accounts) == 0 {
		return 0
	}
	return max(len(l.accounts), tries)
}

func (l *queue) name(n int) string {
	if n == 1 {
		return l.base
	}
	return fmt.Sprintf("%s%d", l.base, n)
}

func (l *queue) probe(probes []string, tries int) []string {
	for i := range l.width(tries) {
		probes = append(probes, l.name(l.next+i))
	}
	return probes
}

// serve gives the queue the free names among those probed.
func (l *queue) serve(tries int, taken map[string]bool, given map[string]reserved) {
	for range l.width(tries) {
		if len(l.accounts) == 0 {
			return
		}
		r := reserved{name: l.name(l.next), base: l.base, n: l.next, account: l.accounts[0]}
		l.next++
		if _, dup := given[r.name]; dup || taken[r.name] {
			continue
		}
		given[r.name] = r
		l.accounts = l.accounts[1:]
	}
}

func takenNames(tx *db.Tx, appID int, names []string) (map[string]bool, error) {
	rows, err := tx.Query(`select name from account_name where application_id = $1 and name = any($2)`, appID, names)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(list))
	for _, n := range list {
		out[n] = true
	}
	return out, erasedNames(tx, appID, names, out)
}

// erasedNames adds the names of people who were erased: only marks of them are left, and they are not given to anybody either.
func erasedNames(tx *db.Tx, appID int, names []string, taken map[string]bool) error {
	var some bool
	if err := tx.QueryRow(`select exists (select from erased_name where application_id = $1)`, appID).Scan(&some); err != nil || !some {
		return err
	}
	marker, err := tx.DB.Keeper.Marker(evidence.PlaceErasedName)
	if err != nil {
		return err
	}
	of := make(map[string]string, len(names))
	marks := make([][]byte, len(names))
	for i, n := range names {
		marks[i] = marker.Mark(appID, n)
		of[string(marks[i])] = n
	}
	rows, err := tx.Query(`select mark from erased_name where application_id = $1 and mark = any($2)`, appID, marks)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	for _, m := range found {
		taken[of[string(m)]] = true
	}
	return err
}
