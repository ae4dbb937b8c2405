package config_test

import (
	"strings"
	"testing"

	"tenure/internal/config"
)

// What is wrong about mail, Slack and webhooks is said at the start, and nothing of a password in it.
func TestTellingIsChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // part of the message; "" for none
	}{
		{"mail", map[string]string{"TENURE_SMTP_URL": "smtp://me:hunter2%40@mail.example:25?tls=optional", "TENURE_MAIL_FROM": "Access <a@corp.example>"}, ""},
		{"no sender", map[string]string{"TENURE_SMTP_URL": "smtps://mail.example"}, "TENURE_MAIL_FROM"},
		{"split sender", map[string]string{"TENURE_SMTP_URL": "smtps://mail.example", "TENURE_MAIL_FROM": "a@corp.example\r\nBcc: b@corp.example"}, "TENURE_MAIL_FROM"},
		{"web", map[string]string{"TENURE_SMTP_URL": "https://me:hunter2@mail.example", "TENURE_MAIL_FROM": "a@corp.example"}, "TENURE_SMTP_URL"},
		{"broken", map[string]string{"TENURE_SMTP_URL": "smtp://me:hunter2@@mail.example:port", "TENURE_MAIL_FROM": "a@corp.example"}, "TENURE_SMTP_URL"},
		{"half a Slack", map[string]string{"TENURE_SLACK_TOKEN": "xoxb-hunter2"}, "TENURE_SLACK_TEAM"},
		{"Slack in the clear", map[string]string{"TENURE_SLACK_TOKEN": "x", "TENURE_SLACK_TEAM": "T1", "TENURE_SLACK_SIGNING_SECRET": "x", "TENURE_SLACK_URL": "http://slack.example"}, "TENURE_SLACK_URL"},
		{"networks", map[string]string{"TENURE_WEBHOOK_ALLOW": "10.1.0.0/16,fd00::7"}, ""},
		{"everything", map[string]string{"TENURE_WEBHOOK_ALLOW": "0.0.0.0/0"}, "everything"},
		{"a cloud's secrets", map[string]string{"TENURE_WEBHOOK_ALLOW": "169.254.0.0/16"}, "169.254.169.254"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			got, err := config.Load("", t.TempDir())
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Fatalf("%v does not name %s", err, c.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Error("a secret stands in the message")
			case c.name == "mail":
				if m := got.Mail(); m.Host != "mail.example" || m.Port != 25 || m.Password != "hunter2@" || !m.Open || m.From.Address != "a@corp.example" {
					t.Errorf("%+v", m)
				}
			case c.name == "networks":
				if n := got.Inside(); len(n) != 2 || n[1].String() != "fd00::7/128" {
					t.Errorf("%v", n)
				}
			}
		})
	}
}
