package main_test

import (
	"strconv"
	"strings"
	"testing"
)

// Somebody who left is erased by two tokens, after their time; the plan changes nothing, what stands against it is said, and the database
// verifies afterwards. Who is stated again as working comes as somebody new.
func TestErasingAnswersScripts(t *testing.T) {
	s := newShop(t, "--replay")
	s.want(0, "apply", "-f", s.file("policy.yaml", feedPolicy))
	s.want(0, "hr", "sync", "hr", "--file", s.file("one.csv", feed(40)), "--effective", "2024-01-01")
	s.want(0, "hr", "sync", "hr", "--file", s.file("two.csv", feed(39)), "--effective", "2024-02-01")
	var five, six struct{ Token string }
	s.answer(0, &five, "token", "--as", "5")
	s.answer(0, &six, "token", "--as", "6")
	s.token = five.Token
	s.want(5, "erase", "40", "--plan")
	s.want(5, "erase", "39", "--reason", "Case 12")
	s.want(0, "hr", "sync", "hr", "--file", s.file("three.csv", feed(39)), "--effective", "2032-01-01")
	type outcome struct {
		State string
		By    string `json:"asked_by"`
		Rows  map[string]int
	}
	var got outcome
	s.answer(0, &got, "erase", "40", "--plan")
	if got.State != "" || got.Rows["identity"] != 1 || got.Rows["employment_version"] == 0 {
		t.Errorf("the plan is %+v", got)
	}
	s.want(2, "erase", "40")
	s.want(2, "erase", "40", "--reason", "Ada Number40 asks for it")
	holds(s)
	s.want(5, "erase", "40", "--withdraw", "--reason", "Nobody asked")
	s.answer(0, &got, "erase", "40", "--reason", "Case 12")
	if got.State != "asked" {
		t.Errorf("first it is %+v", got)
	}
	s.want(3, "erase", "40", "--reason", "Case 12")
	s.token = ""
	s.want(3, "erase", "40", "--reason", "Case 12")
	s.token = six.Token
	s.answer(0, &got, "erase", "40", "--reason", "Case 12")
	if got.State != "done" || got.By != "Ada Number5" {
		t.Errorf("then it is %+v", got)
	}
	s.want(4, "erase", "40", "--reason", "Case 12")
	s.token = ""
	if out := s.want(0, "as-of", "--json", "2024-01-15", "--person", "erased person #40"); !strings.Contains(out, "erased on 2032-01-01") || strings.Contains(out, "Number40") {
		t.Errorf("who held what says %s", out)
	}
	s.want(0, "work", "--until-idle")
	s.want(0, "verify", "--database")
	var synced struct{ Joiners, Updated int }
	s.answer(0, &synced, "hr", "sync", "hr", "--file", s.file("four.csv", feed(40)), "--effective", "2032-02-01")
	if synced.Joiners != 1 || synced.Updated != 0 {
		t.Errorf("who comes back is %+v", synced)
	}
}

// holds sets how long records are kept, places legal holds on who is to be erased and lifts them again.
func holds(s *shop) {
	type kept struct {
		Kind, Act  string
		Days, Over int
		Set        bool
	}
	var all []kept
	find := func(kind string) (k kept) {
		s.answer(0, &all, "retention")
		for _, k = range all {
			if k.Kind == kind {
				break
			}
		}
		return k
	}
	if k := find("person"); k.Days != 2557 || k.Act != "propose" || k.Set || k.Over != 1 {
		s.t.Errorf("people are kept so: %+v", k)
	}
	s.want(2, "retention", "keep", "message", "--days", "6")
	s.want(2, "retention", "keep", "message", "--days", "30", "--act", "propose")
	s.want(4, "retention", "keep", "letters", "--days", "30")
	s.want(0, "retention", "keep", "message", "--days", "30")
	s.want(0, "retention", "keep", "person", "--days", "3000", "--act", "erase")
	if k := find("message"); k.Days != 30 || k.Act != "delete" || !k.Set {
		s.t.Errorf("messages are kept so: %+v", k)
	}
	if k := find("person"); k.Days != 3000 || k.Act != "erase" || k.Over != 0 {
		s.t.Errorf("people are kept so: %+v", k)
	}
	s.want(0, "retention", "keep", "person", "--days", "2557")
	s.want(0, "retention", "keep", "person", "--days", "2557", "--act", "propose")

	s.want(2, "legal-hold", "place", "--reason", "A claim")
	s.want(2, "legal-hold", "place", "40", "--everybody", "--reason", "A claim")
	s.want(2, "legal-hold", "place", "40", "--reason", "Ada Number40 sues us")
	s.want(2, "legal-hold", "place", "40", "--reason", "A claim", "--until", "2031-12-31")
	var one, two struct{ ID int }
	s.answer(0, &one, "legal-hold", "place", "40", "--reason", "A claim", "--until", "2033-06-30")
	s.answer(0, &two, "legal-hold", "place", "--everybody", "--reason", "A tax audit")
	if code, _, said := s.run("erase", "40", "--reason", "Case 12"); code != 5 || !strings.Contains(said, "A claim") || !strings.Contains(said, "A tax audit") {
		s.t.Errorf("what stands against it is not said: %d, %s", code, said)
	}
	var listed []struct {
		ID          int
		Name, Until string
		Stands      bool
	}
	s.answer(0, &listed, "legal-hold")
	if len(listed) != 2 || listed[1].ID != one.ID || listed[1].Name != "Ada Number40" || listed[1].Until != "2033-06-30" || !listed[0].Stands || listed[0].Name != "" {
		s.t.Errorf("the holds are %+v", listed)
	}
	s.want(4, "legal-hold", "lift", "99", "--reason", "It is over")
	for _, h := range []int{one.ID, two.ID} {
		s.want(0, "legal-hold", "lift", strconv.Itoa(h), "--reason", "It is over")
	}
	s.want(5, "legal-hold", "lift", strconv.Itoa(one.ID), "--reason", "It is over")
	was := s.token
	s.token = ""
	s.want(3, "legal-hold", "place", "40", "--reason", "A claim")
	s.want(3, "retention", "keep", "message", "--days", "60")
	s.token = was
}
