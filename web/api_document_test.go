package web_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tenure/web"
)

var update = flag.Bool("update", false, "write docs/reference/openapi.json anew")

const documentFile = "../docs/reference/openapi.json"

// The copy in the docs is the document that is served.
func TestDocumentIsCommitted(t *testing.T) {
	doc, err := web.Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(documentFile, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(documentFile)
	if err != nil || !bytes.Equal(doc, there) {
		t.Errorf("%s is not the document (%v): run go test ./web -run TestDocument -update", documentFile, err)
	}
}

// Spectral, which is not ours, finds nothing to say about the document, and does find what is wrong.
func TestDocumentLintsClean(t *testing.T) {
	doc, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		text  []byte
		clean bool
	}{"as it is": {doc, true}, "an operation without a name": {bytes.Replace(doc, []byte(`"operationId"`), []byte(`"x-operationId"`), 1), false}} {
		file := filepath.Join(t.TempDir(), "openapi.json")
		if err := os.WriteFile(file, x.text, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("../test/api/node_modules/.bin/spectral", "lint", file, "--ruleset", "../test/api/.spectral.yaml", "--fail-severity", "hint").CombinedOutput()
		if (err == nil) != x.clean {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
