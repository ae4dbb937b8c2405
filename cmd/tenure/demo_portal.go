package main

import (
	"context"
	"net/http"

	"tenure/internal/demo"
	"tenure/templates/ui"
	"tenure/web"
)

// demoPortal is the portal of the demo, with the HR system that its visitors play.
func demoPortal(ctx context.Context, d *demo.Demo) (http.Handler, error) {
	o := &web.Demo{Organisation: demo.Name, Feed: d.Feed}
	for _, p := range d.Targets.Pages() {
		o.Targets = append(o.Targets, ui.Link{Text: p.Title, URL: p.URL})
	}
	return web.New(ctx, d.App, web.Options{Demo: o})
}
