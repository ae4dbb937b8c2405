package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"

	"tenure/internal/app"
	"tenure/internal/bench"
	"tenure/web"
)

type benchCmd struct {
	Sizes    []int  `default:"500,5000,50000" help:"Numbers of people; 0 leaves them out." placeholder:"N,..."`
	SoD      []int  `name:"sod" default:"500,5000,50000,500000" help:"Numbers of people for segregation of duties; 0 leaves them out." placeholder:"N,..."`
	Requests []int  `default:"5000,500000" help:"Numbers of people for asking for access and deciding it; 0 leaves them out." placeholder:"N,..."`
	Repeat   int    `default:"5" help:"Repetitions of each size."`
	Pages    int    `default:"50000" help:"Number of people for the portal's pages; 0 leaves them out." placeholder:"N"`
	Items    int    `name:"campaign" default:"1000000" help:"Number of items of a campaign; 0 leaves campaigns out." placeholder:"N"`
	Events   int    `name:"log" default:"1000000" help:"Number of events of the evidence log; 0 leaves it out." placeholder:"N"`
	Mining   string `default:"../shared/data/role-mining" help:"Folder of the role-mining data sets; left out where it is absent." placeholder:"DIR"`
	Profile  string `help:"Write a CPU profile (pprof)." placeholder:"FILE"`
}

func (c *benchCmd) Run(r *run) error {
	// Lines about requests are written as in a real installation, to nowhere.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	report, err := bench.Run(r.ctx, bench.Options{Sizes: c.Sizes, Repeat: c.Repeat, Dir: r.cli.Data, Profile: c.Profile, Log: os.Stderr,
		Mining: c.Mining, SoD: c.SoD, Requests: c.Requests, Campaign: c.Items, Events: c.Events, Pages: c.Pages, Portal: func(ctx context.Context, a *app.App) (http.Handler, error) {
			return web.New(ctx, a, web.Options{Demo: &web.Demo{Organisation: "Bench"}})
		}})
	if err != nil {
		return err
	}
	if err := r.answer(report, func() { report.Print(os.Stdout) }); err != nil {
		return err
	}
	if !report.Met() {
		return exit{exitDifferent, "a goal was missed"}
	}
	return nil
}
