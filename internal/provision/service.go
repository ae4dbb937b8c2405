package provision

import (
	"context"
	"fmt"
	"os"
	"sync"

	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
)

// Service opens connectors and works operations.
type Service struct {
	DB     *db.DB
	Kinds  map[string]connector.Kind
	Limits connector.Limits

	mu   sync.Mutex
	open map[string]connector.Connector // by application id and version: a changed declaration opens anew
}

// worker names this process in attempts.
var worker = fmt.Sprintf("%s/%d", hostname(), os.Getpid())

func hostname() string {
	h, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return h
}

// Connector gives the guarded connector of an application, one per process.
func (s *Service) Connector(app *catalog.Application) (connector.Connector, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%d@%d", app.ID, app.Version)
	if c := s.open[key]; c != nil {
		return c, nil
	}
	c, err := catalog.Open(app, s.DB.Keeper, s.Kinds)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = map[string]connector.Connector{}
	}
	s.open[key] = connector.Wrap(c, s.Limits)
	return s.open[key], nil
}

// application reads the catalog and gives one application of it.
func (s *Service) application(ctx context.Context, id int) (*catalog.Catalog, *catalog.Application, error) {
	var cat *catalog.Catalog
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { cat, err = catalog.Load(tx); return err })
	if err != nil {
		return nil, nil, err
	}
	app := cat.Apps[id]
	if app == nil {
		return nil, nil, fmt.Errorf("there is no application %d", id)
	}
	return cat, app, nil
}
