package bench

import (
	"bytes"
	"strings"
	"testing"
)

// What a decision costs is measured for real, and the snapshot decides as Casbin does.
func TestPortalDecisions(t *testing.T) {
	s, err := newStage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	p, err := s.portal(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if p.Permissions < 20 || p.Cached.Median <= 0 || p.Casbin.Median <= p.Cached.Median {
		t.Errorf("%+v", p)
	}
	var b bytes.Buffer
	if p.print(&b); !strings.Contains(b.String(), "Casbin") {
		t.Error(b.String())
	}
	t.Log(b.String())
}
