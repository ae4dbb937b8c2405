package demo

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db/pgserver"
)

// Page is a place where a visitor sees what a target itself holds.
type Page struct{ Title, URL string }

// Pages lists them.
func (t *Targets) Pages() []Page {
	return []Page{{"Company directory", t.Directory.URL}, {"Data warehouse", t.warehousePage.url}, {"Service desk", t.Desk.URL}}
}

// login is a role of the warehouse that is an account.
type login struct {
	Name, Comment string
	Enabled       bool
	Roles         []string
}

// logins asks the warehouse's own catalogue, with no help of Tenure: roles that may sign in, or that Tenure has disabled.
func (t *Targets) logins(ctx context.Context) ([]login, error) {
	conn, err := pgx.Connect(ctx, t.Warehouse.URL(pgserver.Owner, "postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, `select r.rolname, coalesce(shobj_description(r.oid, 'pg_authid'), ''), r.rolcanlogin,
			array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1)
		from pg_roles r where (r.rolcanlogin or shobj_description(r.oid, 'pg_authid') like 'tenure:%') and r.rolname not in ($1, $2) order by r.rolname`,
		pgserver.Owner, connectorRole)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l login, err error) {
		err = row.Scan(&l.Name, &l.Comment, &l.Enabled, &l.Roles)
		if _, person, marked := strings.Cut(l.Comment, " "); marked && strings.HasPrefix(l.Comment, "tenure:") {
			l.Comment = person
		}
		return l, err
	})
}

// showWarehouse is the page of the warehouse's roles.
func (t *Targets) showWarehouse(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	list, err := t.logins(ctx)
	if err != nil {
		http.Error(w, "The warehouse does not answer at present.", http.StatusServiceUnavailable)
		return
	}
	view := struct {
		Title   string
		Logins  []login
		Enabled int
	}{Title: Name + ": Data warehouse", Logins: list}
	for _, l := range list {
		if l.Enabled {
			view.Enabled++
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	_ = warehousePage.Execute(w, view) // the visitor went away
}

var warehousePage = template.Must(template.New("warehouse").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; vertical-align: top }
.off td { opacity: .65; text-decoration: line-through }
.off td.state { text-decoration: none }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p>What this PostgreSQL server holds: {{len .Logins}} login roles, {{.Enabled}} of them may sign in. Renewed every 2 seconds.</p>
<table>
<thead><tr><th scope="col">Login role</th><th scope="col">Comment</th><th scope="col">May sign in</th><th scope="col">Member of</th></tr></thead>
<tbody>
{{- range .Logins}}
<tr{{if not .Enabled}} class="off"{{end}}><td>{{.Name}}</td><td>{{.Comment}}</td><td class="state">{{if .Enabled}}yes{{else}}no{{end}}</td><td>{{range $i, $g := .Roles}}{{if $i}}, {{end}}{{$g}}{{end}}</td></tr>
{{- end}}
</tbody>
</table>
</body>
</html>
`))
