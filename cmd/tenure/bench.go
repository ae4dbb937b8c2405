package main

import (
	"os"

	"tenure/internal/bench"
)

type benchCmd struct {
	Sizes   []int  `default:"500,5000,50000" help:"Numbers of people." placeholder:"N,..."`
	Repeat  int    `default:"5" help:"Repetitions of each size."`
	Profile string `help:"Write a CPU profile (pprof)." placeholder:"FILE"`
}

func (c *benchCmd) Run(r *run) error {
	report, err := bench.Run(r.ctx, bench.Options{Sizes: c.Sizes, Repeat: c.Repeat, Dir: r.cli.Data, Profile: c.Profile, Log: os.Stderr})
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
