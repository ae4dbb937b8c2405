package main_test

import (
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
