package web

import (
	"tenure/internal/app"
)

// Row is a line of the table of routes, as tests look at it.
type Row struct{ Method, Path, Permission string }

// Rows gives the table of routes, and what gin itself says it serves.
func Rows(a *app.App, o Options) (table, served []Row, err error) {
	s := &server{app: a, demo: o.Demo}
	if err := s.reachedAt(""); err != nil {
		return nil, nil, err
	}
	e, err := s.engine(nil)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range s.routes() {
		for _, m := range r.methods() {
			table = append(table, Row{m, r.path, r.permission})
		}
	}
	for _, r := range e.Routes() {
		served = append(served, Row{Method: r.Method, Path: r.Path})
	}
	return table, served, nil
}

// Inside is how an address is kept within the portal.
var Inside = inside
