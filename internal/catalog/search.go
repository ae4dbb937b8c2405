package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/identity"
)

// searchable is one application or entitlement with its words, in plain lower-case letters.
type searchable struct {
	app   *Application
	ent   *Entitlement // nil: the application itself
	names string       // " words of the name and title"
	all   string       // and of the description
}

func (c *Catalog) searchables() []searchable {
	var out []searchable
	for _, a := range c.Apps {
		names := " " + identity.Normal(a.Title+" "+a.Name)
		out = append(out, searchable{app: a, names: names, all: names})
	}
	for _, e := range c.Entitlements {
		if a := c.Apps[e.ApplicationID]; a != nil && e.Kind != AccountKind {
			names := " " + identity.Normal(e.Title+" "+e.Name)
			out = append(out, searchable{app: a, ent: e, names: names, all: names + " " + identity.Normal(e.Description)})
		}
	}
	slices.SortFunc(out, func(a, b searchable) int {
		if (a.ent == nil) != (b.ent == nil) {
			if a.ent == nil {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.names, b.names), cmp.Compare(a.app.ID, b.app.ID))
	})
	return out
}

// Search finds applications by their names and entitlements by name, title and plain description: every word of the text must
// begin a word there. Who is found by name comes before who is found by description. see says which applications the reader may
// see.
func (c *Catalog) Search(text string, see func(*Application) bool, limit int) (apps []*Application, ents []*Entitlement) {
	words := strings.Fields(identity.Normal(text))
	if len(words) == 0 {
		return nil, nil
	}
	has := func(in string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(in, " "+w) })
	}
	var described []*Entitlement
	for _, s := range c.words() {
		switch {
		case !has(s.all) || !see(s.app):
		case s.ent == nil:
			if len(apps) < limit {
				apps = append(apps, s.app)
			}
		case has(s.names):
			ents = append(ents, s.ent)
		case len(described) < limit:
			described = append(described, s.ent)
		}
		if len(ents) == limit {
			break // applications come first, so all of them were looked at
		}
	}
	return apps, append(ents, described...)[:min(limit, len(ents)+len(described))]
}

// Named is an account by its login name.
type Named struct {
	Name        string
	Application int
	Person, Ref string // "" for an orphan
	PersonID    int
}

// AccountsNamed gives the accounts whose login name is exactly a text, over all applications: a step through the index of
// names for each.
func (c *Catalog) AccountsNamed(tx *db.Tx, name string, limit int) ([]Named, error) {
	ids := make([]int, 0, len(c.Apps))
	for id := range c.Apps {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rows, err := tx.Query(`select a.name, a.application_id, coalesce(i.name, ''), coalesce(i.public_id::text, ''), coalesce(i.id, 0)
		from unnest($1::int[]) p(id) join account_name n on n.application_id = p.id and n.name = $2 join account a on a.id = n.account_id and a.gone_at is null
			left join account_link l on l.account_id = a.id and l.known_to = 'infinity' left join identity i on i.id = l.identity_id
		order by a.application_id limit $3`, ids, name, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Named])
}
