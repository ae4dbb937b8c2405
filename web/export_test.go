package web

import (
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"tenure/internal/app"
	"tenure/internal/config"
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

// HasWords says whether pages have words for a kind of event.
func HasWords(kind string) bool {
	w := eventWords[kind]
	return w.title != "" && w.icon != "" && w.kind != ""
}

// EventKind is a kind of event in the catalogue.
type EventKind struct{ Kind, Room, Means, Since string }

// EventKinds gives every kind that there are words for.
func EventKinds() (out []EventKind) {
	for kind, w := range eventWords {
		out = append(out, EventKind{kind, w.kind, w.title, eventSince[kind]})
	}
	return out
}

// StreamMine is how many streams one person may have at once.
const StreamMine = streamMine

// Beat makes streams give signs of life more often, until the test is over. It is set before anything is served.
func Beat(t testing.TB, every time.Duration) {
	was := streamBeat
	streamBeat = every
	t.Cleanup(func() { streamBeat = was })
}

// SessionCodec is how sessions are stored.
var SessionCodec scs.Codec = sessionCodec{}

// Inside is how an address is kept within the portal.
var Inside = inside

// Document gives the OpenAPI document of the API.
func Document() ([]byte, error) {
	s := &server{app: &app.App{Config: &config.Config{}}}
	err := s.newAPI()
	return s.document, err
}
