package app_test

import (
	"os"
	"strings"
	"testing"

	"tenure/internal/app"
)

// The reference page names every setting of every connector, in the connector's own section.
func TestConnectorReferenceIsWhole(t *testing.T) {
	body, err := os.ReadFile("../../docs/reference/connectors.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range app.Connectors {
		_, section, found := strings.Cut(string(body), "\n## "+name+"\n")
		if !found {
			t.Errorf("there is no section %s", name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, f := range kind.Fields {
			if !strings.Contains(section, "`"+f.Name+"`") {
				t.Errorf("%s: the setting %s is missing", name, f.Name)
			}
		}
	}
}
