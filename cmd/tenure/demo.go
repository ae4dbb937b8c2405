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

	"tenure/internal/config"
	"tenure/internal/demo"
	"tenure/internal/errs"
)

type demoCmd struct {
	Listen string `default:"127.0.0.1:8080" help:"Address of the portal." placeholder:"HOST:PORT"`
	Reset  bool   `help:"Throw away the demo in the folder and make a new one."`
}

// demoData is the folder of the demo when --data names none.
const demoData = "./var/demo"

func (c *demoCmd) Run(r *run) error {
	if r.cli.Data == "" {
		r.cli.Data = demoData
	}
	cfg, err := r.config()
	if err != nil {
		return err
	}
	cfg.Listen = c.Listen
	if err := listenable(r.ctx, c.Listen); err != nil {
		return err
	}
	d, err := demo.Open(r.ctx, cfg, demo.Options{Reset: c.Reset, Say: func(format string, a ...any) { fmt.Printf(format+"\n", a...) }})
	if err != nil && r.ctx.Err() != nil {
		fmt.Println("Stopped before it was ready; the next start begins anew.")
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(r.serveDemo(cfg, d), d.Close())
}

// listenable finds out now, and not after a minute of preparations, that the portal's address is taken.
func listenable(ctx context.Context, address string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return errs.Conflict("the portal cannot listen on %s: %v; choose another with --listen", address, err)
	}
	return l.Close()
}

// serveDemo serves the portal and works jobs until the process is told to stop.
func (r *run) serveDemo(cfg *config.Config, d *demo.Demo) error {
	g, ctx := errgroup.WithContext(r.ctx)
	handler, err := demoPortal(ctx, d)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: cfg.Listen, Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	g.Go(func() error {
		_, err := d.App.Work(ctx, false)
		return err
	})
	g.Go(func() error {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(stop)
	})
	showDemo(cfg, d)
	err = g.Wait()
	slog.Info("the demo has stopped")
	return err
}

func showDemo(cfg *config.Config, d *demo.Demo) {
	fmt.Printf("\n%s is ready.\n\n  %-20s http://%s\n", demo.Name, "Portal", cfg.Listen)
	for _, p := range d.Targets.Pages() {
		fmt.Printf("  %-20s %s   (what the application itself holds)\n", p.Title, p.URL)
	}
	fmt.Printf(`
Try this on the portal:
  1. One HR file is held by the brake. Sign in as Maëlle Tréhin (compliance), see why, and decide: a file that is sent after it
     overtakes it.
  2. Sign in as Tomé Falcão (HR), open "Demo HR feed", hire somebody and send the feed: the accounts appear in the directory
     and the warehouse within seconds.
  3. Move somebody to another department: what the new one needs comes at once, the old goes after the hand-over.
  4. Terminate somebody on their own page: everything is shut at once, ahead of every queue, and HR cannot undo it.

Everything is kept in %s; Ctrl-C stops the demo.
`, cfg.Data)
}
