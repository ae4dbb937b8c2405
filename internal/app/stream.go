package app

import (
	"context"
	"net/url"
	"os"

	"tenure/internal/audit/trail"
	"tenure/internal/config"
	"tenure/internal/db"
)

// unreadable is a receiver whose certificates cannot be read: IT is told of it as of any that takes nothing.
type unreadable struct{ err error }

// Take implements trail.Receiver.
func (u unreadable) Take(context.Context, []trail.Told) error { return u.err }

// streams are the receivers outside that are told the log.
func streams(c *config.Config, d *db.DB) (out []*trail.Stream) {
	for _, s := range c.StreamList() {
		u, err := url.Parse(s.URL)
		if err != nil { // config refuses it
			continue
		}
		one := &trail.Stream{DB: d, Name: s.Name, Form: trail.JSONLine}
		kind := "application/x-ndjson"
		if s.Format == config.StreamCEF {
			one.Form, kind = trail.CEF, "text/plain; charset=utf-8"
		}
		trust, err := s.Trust()
		switch {
		case err != nil: // config could read it when it looked
			one.To = unreadable{err}
		case u.Scheme == config.SyslogTLS:
			host, _ := os.Hostname() // "-" for one without a name
			trust.ServerName = u.Hostname()
			one.To = &trail.OverSyslog{Address: u.Host, Host: trail.HostName(host), TLS: trust}
		default:
			one.To = &trail.OverHTTP{URL: s.URL, Type: kind, Authorization: s.Authorization, TLS: trust}
		}
		out = append(out, one)
	}
	return out
}
