package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tenure/internal/config"
)

// What is wrong with a receiver of the log is told of its field; one more may be given in the environment.
func TestStreams(t *testing.T) {
	load := func(text string) (*config.Config, error) {
		file := filepath.Join(t.TempDir(), "tenure.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Load(file, t.TempDir())
	}
	t.Setenv("TENURE_STREAM_URL", "syslog+tls://siem.example:6514")
	t.Setenv("TENURE_STREAM_FORMAT", "cef")
	c, err := load("streams:\n- {name: logs, url: \"https://logs.example/events\", authorization: Splunk 12}\n- {name: near, url: \"http://127.0.0.1:9\"}\n")
	if err != nil {
		t.Fatal(err)
	}
	if all := c.StreamList(); len(all) != 3 || all[0].Format != "json" || all[2].Name != "siem" || all[2].Format != "cef" {
		t.Errorf("%+v", all)
	}
	for text, says := range map[string]string{
		"{name: a, url: \"http://far.example\"}": "must begin with https", "{name: a, url: \"syslog+tls://far.example\"}": "syslog+tls://host:port", "{name: A b, url: \"https://x\"}": "short name",
		"{name: siem, url: \"https://x\"}": "given twice", "{name: a, url: \"https://x\", format: xml}": "json or cef", "{name: a, url: \"https://u:p@x\"}": "must be an address", "{name: a}": "must be an address",
		"{name: a, url: \"https://x\", ca_file: /nowhere}": "cannot be read", "{name: a, url: \"syslog+tls://x:1\", authorization: x}": "is of HTTP",
	} {
		if _, err := load("streams:\n- " + text + "\n"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is answered %v, want %q", text, err, says)
		}
	}
}
