package main_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"tenure/internal/app"
	"tenure/internal/audit/control"
	"tenure/internal/config"
	"tenure/internal/db"
)

// packs has the person 5 take along what evidences a control, by commands: the same bytes as the portal makes at the same head.
func (s *shop) packs(five string) {
	s.t.Helper()
	s.token = five
	s.want(0, "log-key") // seals what there is
	file, again, whole := filepath.Join(s.dir, "a.zip"), filepath.Join(s.dir, "b.zip"), filepath.Join(s.dir, "c.zip")
	about := []string{"pack", file, "--control", "soc2:CC6.2", "--population", "leavers", "--from", "2024-01-01", "--to", "2024-03-31"}
	s.want(2, "pack", file, "--control", "soc2:CC6.2", "--population", "orphans", "--from", "2024-01-01", "--to", "2024-03-31")
	s.want(4, "pack", file, "--control", "soc2:CC9.9", "--population", "leavers")
	s.want(2, append(about, "--seed", "a die")...)
	s.want(2, append(about, "--kind", "person.left")...)
	s.want(2, "pack", file, "--control", "soc2:CC6.2", "--population", "leavers", "--from", "2024-13-01", "--to", "2024-03-31")
	s.token = ""
	s.want(3, append(about, "--draw", "7")...)
	s.token = five
	var a, b struct {
		Size    int64
		SHA256  string
		Samples []string
		Drawn   int
	}
	s.answer(0, &a, append(about, "--draw", "7", "--seed", "a die")...)
	if a.Drawn != 7 || a.Size == 0 || len(a.Samples) != 1 {
		s.t.Fatalf("the pack is %+v", a)
	}
	s.want(5, append(about, "--draw", "7", "--seed", "a die")...) // the file is there
	s.answer(0, &b, "pack", again, "--sample", a.Samples[0], "--size", fmt.Sprint(a.Size))
	s.want(0, "verify", file)
	about[1] = whole
	s.answer(0, &b, append(about, "--size", fmt.Sprint(a.Size))...)
	s.want(0, "verify", whole)
	s.answer(0, &b, "pack", filepath.Join(s.dir, "d.zip"), "--control", "soc2:CC6.2", "--from", "2024-01-01", "--to", "2024-03-31", "--draw", "3")
	if b.Drawn != 3 || len(b.Samples) != 1 { // of leavers: the first file of a source brings no joiners, and nobody asked for anything
		s.t.Errorf("the pack of a control is %+v", b)
	}
	s.want(0, "verify", filepath.Join(s.dir, "d.zip"))
	got, second, third := s.read(file), s.read(again), s.read(whole)
	if !bytes.Equal(got, second) {
		s.t.Error("the same sample at the same head gives other bytes")
	}
	s.t.Setenv("DATABASE_URL", "")
	c, err := config.Load("", s.data)
	if err != nil {
		s.t.Fatal(err)
	}
	portal, err := app.Open(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = portal.Close() }()
	s.token = ""
	ask := control.Ask{Control: "soc2-cc6.2", Population: "leavers"}
	for name, want := range map[string][]byte{a.Samples[0]: got, "": third} {
		if err := portal.DB.Read(s.t.Context(), func(tx *db.Tx) (err error) {
			var of *control.Sample
			if name != "" {
				of, err = control.SampleOf(tx, name)
			} else if ask.Span, err = control.ParseSpan(tx, "2024-01-01", "2024-03-31"); err == nil {
				of, err = control.Whole(ask)
			}
			if err != nil {
				return err
			}
			var body bytes.Buffer
			if _, err := control.WritePack(tx, &body, control.PackOrder{Of: []*control.Sample{of}, Size: a.Size, Organisation: c.Organisation}); err != nil {
				return err
			}
			if !bytes.Equal(body.Bytes(), want) {
				s.t.Errorf("the portal makes other bytes than the command of the sample %q", name)
			}
			return nil
		}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shop) read(path string) []byte {
	s.t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return body
}
