package scimtest

import (
	"html/template"
	"net/http"
)

// page shows what the application holds, for a person who watches accounts come and go.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	type groupRow struct {
		Name    string
		Members int
	}
	view := struct {
		Title           string
		Users           []User
		Groups          []groupRow
		Active, Dormant int
	}{Title: s.opts.Title, Users: s.Users()}
	for _, g := range s.Groups() {
		view.Groups = append(view.Groups, groupRow{g.DisplayName, len(g.Members)})
	}
	for _, u := range view.Users {
		if u.Active {
			view.Active++
		} else {
			view.Dormant++
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	_ = pageTemplate.Execute(w, view) // the client went away
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
main { display: grid; grid-template-columns: 3fr 1fr; gap: 2rem; align-items: start }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; vertical-align: top }
th { font-weight: 600 }
.off td { opacity: .65; text-decoration: line-through }
.off td.state { text-decoration: none }
@media (max-width: 50rem) { main { grid-template-columns: 1fr } }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p>What this application holds: {{.Active}} accounts enabled, {{.Dormant}} disabled. Renewed every 2 seconds.</p>
<main>
<section>
<h2>Accounts</h2>
<table>
<thead><tr><th scope="col">Login</th><th scope="col">Name</th><th scope="col">State</th><th scope="col">Groups</th></tr></thead>
<tbody>
{{- range .Users}}
<tr{{if not .Active}} class="off"{{end}}><td>{{.UserName}}</td><td>{{.DisplayName}}</td><td class="state">{{if .Active}}enabled{{else}}disabled{{end}}</td><td>{{range $i, $g := .Groups}}{{if $i}}, {{end}}{{$g}}{{end}}</td></tr>
{{- else}}
<tr><td colspan="4">No accounts yet.</td></tr>
{{- end}}
</tbody>
</table>
</section>
<section>
<h2>Groups</h2>
<table>
<thead><tr><th scope="col">Group</th><th scope="col">Members</th></tr></thead>
<tbody>
{{- range .Groups}}
<tr><td>{{.Name}}</td><td>{{.Members}}</td></tr>
{{- else}}
<tr><td colspan="2">No groups.</td></tr>
{{- end}}
</tbody>
</table>
</section>
</main>
</body>
</html>
`))
