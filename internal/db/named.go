package db

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"tenure/internal/evidence"
)

// written are the facts in which people write what they like.
var written = []string{"reason", "why", "note", "name", "title", "comment", "control"}

// namesSQL gives the names and addresses of people, now and before.
const namesSQL = `select distinct id, n from (select id, name, email, null::jsonb a from identity where id = any($1) and erased_at is null
		union select identity_id, null, null, attrs from employment_version where identity_id = any($1)) k
	cross join lateral unnest(array[name, email, a->>'email', a->>'display_name', a->>'first_name' || ' ' || (a->>'last_name')]) n where n like '% %' or n like '%@%' order by 1, 2`

// writtenAbout gives the people whom events with facts that somebody wrote are about.
func (t *Tx) writtenAbout() (ids []int) {
	for i := range t.events {
		if e := &t.events[i]; e.IdentityID != 0 && len(textsOf(e)) > 0 {
			ids = append(ids, e.IdentityID)
		}
	}
	return ids
}

// unname takes the name and the address of the person whom an event is about out of what somebody wrote into its facts, which stand in the log
// for good: there it says "person #12". What was written stands in the sealed part, and goes when the person is erased.
func (t *Tx) unname(rows pgx.Rows) error {
	texts := map[int][]string{}
	var id int
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		texts[id] = append(texts[id], regexp.QuoteMeta(name))
		return nil
	}); err != nil {
		return err
	}
	names := map[int]*regexp.Regexp{}
	for id, all := range texts {
		slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest first
		names[id] = regexp.MustCompile(`(?i)` + strings.Join(all, "|"))
	}
	for i := range t.events {
		if e := &t.events[i]; names[e.IdentityID] != nil {
			unnameIn(e, names[e.IdentityID])
		}
	}
	return nil
}

// textsOf gives what was written into an event's facts.
func textsOf(e *evidence.Event) map[string]string {
	facts, ok := e.Facts.(map[string]any)
	if !ok {
		return nil
	}
	var out map[string]string
	for _, k := range written {
		if s, ok := facts[k].(string); ok && strings.ContainsAny(s, " @") {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = s
		}
	}
	return out
}

func unnameIn(e *evidence.Event, name *regexp.Regexp) {
	var facts, said map[string]any
	for k, s := range textsOf(e) {
		open := whole(s, name, "person #"+strconv.Itoa(e.IdentityID))
		if open == s {
			continue
		}
		if facts == nil {
			facts, said = maps.Clone(e.Facts.(map[string]any)), map[string]any{}
			if more, ok := e.Personal.(map[string]any); ok {
				maps.Copy(said, more)
			} else if e.Personal != nil {
				return // sealed in a form of its own: nobody writes into such an event
			}
		}
		facts[k], said[k] = open, s
	}
	if facts != nil {
		e.Facts, e.Personal = facts, said
	}
}

// whole puts mark in the place of what name matches as whole words.
func whole(s string, name *regexp.Regexp, mark string) string {
	var b strings.Builder
	from := 0
	for _, at := range name.FindAllStringIndex(s, -1) {
		before, _ := utf8.DecodeLastRuneInString(s[:at[0]])
		after, _ := utf8.DecodeRuneInString(s[at[1]:])
		if inWord(before) || inWord(after) {
			continue
		}
		b.WriteString(s[from:at[0]])
		b.WriteString(mark)
		from = at[1]
	}
	b.WriteString(s[from:])
	return b.String()
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
