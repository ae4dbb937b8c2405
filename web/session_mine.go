package web

import (
	"strconv"
	"strings"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/templates"
	"tenure/templates/ui"
)

// sessionsMine lists the reader's open sessions.
func (s *server) sessionsMine(r *request) error {
	v := templates.SessionsView{EndOthersURL: "/me/sessions/end-others", FactorsURL: factorsURL}
	err := r.read(func(tx *db.Tx) error {
		all, err := auth.Sessions(tx, r.who.ID, idleFor, signedInFor)
		for _, x := range all {
			v.Sessions = append(v.Sessions, templates.SessionRow{Browser: x.Agent, Method: r.methodWord(s, x.Method), SignedIn: r.at(x.SignedIn), Seen: r.at(x.Seen),
				This: x.ID == r.session, EndURL: "/me/sessions/" + strconv.Itoa(x.ID) + "/end"})
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Sessions(r.shell(r.T("My sessions")), v))
}

// sessionEnd ends one, wherever its browser is.
func (s *server) sessionEnd(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return err
	}
	if err := r.do(func(tx *db.Tx) error { return auth.End(tx, id, r.who.ID) }); err != nil {
		return err
	}
	if id == r.session {
		return s.left(r)
	}
	return r.goWith("/me/sessions", ui.Notice{Tone: ui.Good, Title: r.T("The session is ended"), Text: r.T("That browser is asked to sign in at its next step.")})
}

// sessionEndOthers ends all but this one.
func (s *server) sessionEndOthers(r *request) error {
	var n int
	err := r.do(func(tx *db.Tx) (err error) { n, err = auth.EndOthers(tx, r.session, r.who.ID); return err })
	if err != nil {
		return err
	}
	return r.goWith("/me/sessions", ui.Notice{Tone: ui.Good, Title: r.T("All other sessions are ended"), Text: r.Plural(n, "session was ended.", "sessions were ended.")})
}

// methodWord says how somebody signed in.
func (r *request) methodWord(s *server, method string) string {
	if name, ok := strings.CutPrefix(method, "oidc:"); ok {
		if p := s.providers[name]; p != nil {
			return p.Title
		}
		return name
	}
	switch method {
	case "persona":
		return r.T("Demo")
	case "passkey":
		return r.T("Password and passkey")
	case "recovery_code":
		return r.T("Password and recovery code")
	}
	return r.T("Password and code")
}

// agentWord makes a few words of what a browser says it is: nobody knows themselves by the whole string.
func agentWord(agent string) string {
	pick := func(words ...string) string {
		for i := 0; i+1 < len(words); i += 2 {
			if strings.Contains(agent, words[i]) {
				return words[i+1]
			}
		}
		return ""
	}
	browser := pick("Edg/", "Edge", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := pick("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return "Another browser"
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " on " + system
}
