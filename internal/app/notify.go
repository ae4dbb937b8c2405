package app

import (
	"strings"

	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/notify"
)

// NewNotify gives the room that tells people and systems, with what the configuration says of mail, Slack and webhooks.
func NewNotify(c *config.Config, d *db.DB) *notify.Service {
	s := &notify.Service{DB: d, Public: strings.TrimRight(c.PublicURL, "/"), Allow: c.Inside()}
	if m := c.Mail(); m != nil {
		s.Mail = &notify.Mail{Host: m.Host, Port: m.Port, Implicit: m.Implicit, Open: m.Open, User: m.User, Password: m.Password, From: m.From}
	}
	if c.SlackToken != "" {
		s.Slack = &notify.Slack{Token: c.SlackToken, Secret: c.SlackSecret, Team: c.SlackTeam, URL: c.SlackURL}
	}
	return s
}
