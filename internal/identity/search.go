package identity

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// most is how many people a search looks at before it shows the best of them.
const candidates = 400

// Search finds people by the beginnings of words of their name, number and e-mail address, in any order: those who are here first.
// Among narrows it (nil for everybody). It starts from the rarest of the words, so its cost does not grow with the number of people.
func Search(tx *db.Tx, text string, among []int, limit int) ([]*Line, error) {
	words := asked(text)
	if len(words) == 0 {
		return nil, nil
	}
	first, err := rarest(tx, words)
	if err != nil {
		return nil, err
	}
	q := &query{}
	q.add("w.word >= %s and w.word < %s", words[first], words[first]+last)
	for i, w := range words {
		if i != first {
			q.add("exists (select from identity_word o where o.identity_id = w.identity_id and o.word >= %s and o.word < %s)", w, w+last)
		}
	}
	if among != nil {
		q.add("w.identity_id = any(%s)", among)
	}
	rows, err := tx.Query(`select e.identity_id from (select distinct identity_id from (select w.identity_id from identity_word w where `+strings.Join(q.where, " and ")+
		` limit `+q.arg(candidates)+`) w) w join identity_entry e using (identity_id) order by e.state = 'left', e.sort_name, e.identity_id limit `+q.arg(limit), q.args...)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, err
	}
	lines, err := Chosen(tx, ids, limit)
	if err != nil {
		return nil, err
	}
	by := map[int]*Line{}
	for _, l := range lines {
		by[l.ID] = l
	}
	out := lines[:0]
	for _, id := range ids {
		if by[id] != nil {
			out = append(out, by[id])
		}
	}
	return out, nil
}

// rarest gives the place of the word that begins the fewest words there are, as far as a short look tells.
func rarest(tx *db.Tx, words []string) (int, error) {
	best, fewest := 0, candidates+1
	var look []func(*db.Tx) error
	for i, w := range words { // six at most
		look = append(look, func(tx *db.Tx) error {
			var n int
			err := tx.QueryRow(`select count(*) from (select from identity_word where word >= $1 and word < $2 limit $3) w`, w, w+last, candidates+1).Scan(&n)
			if n < fewest {
				best, fewest = i, n
			}
			return err
		})
	}
	err := db.Together(tx, look...)
	return best, err
}

// Exact gives the person whose id, number or e-mail address a text is, when it is one person's only.
func Exact(tx *db.Tx, text string) (*Person, error) {
	text = strings.TrimSpace(text)
	if p, ok, err := ByRef(tx, text); err != nil || ok {
		return p, err
	}
	rows, err := tx.Query(`select id from (select id from identity where number = $1 and kind = 'person' union select id from identity where lower(email) = lower($1) and kind = 'person') i limit 2`, text)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(ids) != 1 {
		return nil, err
	}
	return Get(tx, ids[0])
}
