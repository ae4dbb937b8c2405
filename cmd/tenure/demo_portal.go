package main

import (
	"context"
	"net/http"

	"tenure/internal/demo"
)

// demoPortal is the portal of the demo. Until the web room is there, it leads to what the targets themselves show.
func demoPortal(_ context.Context, d *demo.Demo) (http.Handler, error) {
	return http.RedirectHandler(d.Targets.Directory.URL, http.StatusFound), nil
}
