package main_test

import (
	"fmt"
	"slices"
)

const asking = `kind: Application
name: files
spec:
  connector: scim
  owner: "6"
  config: {base_url: "http://127.0.0.1:9/scim", auth: none}
  accounts: {name: "{first_name}.{last_name}"}
  entitlements: [{name: staff}, {name: secret}]
---
{kind: Offer, name: secrets, spec: {levels: [{name: all, entitlements: [files/secret]}]}}
---
{kind: ApprovalRule, name: owners, spec: {order: 1, when: "true", steps: [{by: owner}]}}
`

type asked struct {
	Offer, State string
	Until        *string
	Asks         []string
}

type waiting struct {
	Step     int
	For, Why string
}

// asks has the person 5 ask for what 6 decides, by commands. Neither who asked nor the shell decides it.
func (s *shop) asks(five string) {
	s.t.Helper()
	s.want(0, "apply", "-f", s.file("asking.yaml", asking))
	var six struct{ Token string }
	s.answer(0, &six, "token", "--as", "6")
	s.want(3, "request", "secrets", "--why", "the shell is nobody")
	s.token = five
	s.want(4, "request", "nothing", "--why", "Work")
	s.want(2, "request", "secrets:more", "--why", "Work")
	s.want(4, "request", "secrets", "--why", "Work", "--for", "7")
	var got []asked
	s.answer(0, &got, "request", "secrets", "--why", "Work", "--days", "10")
	if len(got) != 1 || got[0].State != "open" || got[0].Offer != "secrets" || !slices.Equal(got[0].Asks, []string{"Ada Number6"}) {
		s.t.Fatalf("asked is %+v", got)
	}
	var mine, theirs []waiting
	s.answer(0, &mine, "approve")
	s.token = six.Token
	s.answer(0, &theirs, "approve")
	if len(mine) != 0 || len(theirs) != 1 || theirs[0].For != "Ada Number5" || theirs[0].Why != "Work" {
		s.t.Fatalf("waiting are %+v and %+v", mine, theirs)
	}
	step := fmt.Sprint(theirs[0].Step)
	s.token = five
	s.want(3, "approve", step)
	s.token = ""
	s.want(3, "approve", step)
	s.want(8, "approve")
	s.token = six.Token
	s.want(2, "approve", step, "--deny")
	s.want(2, "approve", step, "--days", "11")
	var done asked
	s.answer(0, &done, "approve", step, "--days", "3")
	if done.State != "granted" || done.Until == nil {
		s.t.Errorf("decided is %+v", done)
	}
	s.want(5, "approve", step)
	s.want(4, "approve", "999999")
}
