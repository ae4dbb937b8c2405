package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"tenure/internal/app"
	"tenure/internal/errs"
	"tenure/web"
)

type serveCmd struct {
	NoWork  bool `help:"Do not work jobs in this process: another one does."`
	Gallery bool `help:"Show every page in its states, with invented data, at /gallery: for those who develop pages."`
}

func (c *serveCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		g, ctx := errgroup.WithContext(r.ctx)
		handler, err := web.New(ctx, a, web.Options{Gallery: c.Gallery})
		if err != nil {
			return err
		}
		l, err := listen(ctx, a.Config.Listen)
		if err != nil {
			return err
		}
		fmt.Printf("The portal is at http://%s\n", l.Addr())
		if !c.NoWork {
			g.Go(func() error { _, err := a.Work(ctx, false); return err })
		}
		g.Go(func() error { return portal(ctx, l, handler) })
		return g.Wait()
	})
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errs.Conflict("the portal cannot listen on %s: %v; choose another with TENURE_LISTEN", address, err)
	}
	return l, nil
}

// portal serves the handler until ctx ends, and then lets what is under way finish. A slow or silent client is let go of: what
// takes long on our side (an upload, a reading) moves its own deadlines.
func portal(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn)}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
