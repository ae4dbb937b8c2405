package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// client is a browser without scripts: it keeps cookies, says where it comes from, and follows no redirect by itself.
type client struct {
	w    *world
	http *http.Client
	site string // Sec-Fetch-Site

	bearer string // a personal token, in place of a session
}

// page is an answer.
type page struct {
	*goquery.Document
	status int
	header http.Header
	body   string
	to     string // where it leads
}

func (w *world) anonymous() *client {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &client{w: w, site: "same-origin", http: &http.Client{Jar: jar, Transport: checked{w.t}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as signs in as one of the demo's personas.
func (w *world) as(number string) *client {
	w.t.Helper()
	c := w.anonymous()
	if p := c.post("/signin/persona", "person", w.ref(number)); p.status != http.StatusSeeOther {
		w.t.Fatalf("%s cannot sign in: %d %s", number, p.status, p.Find("main").Text())
	}
	return c
}

// tokenOf is the persona that is no browser: it speaks with a token of the IT person's that may only read.
const tokenOf = "token"

// token has a person make a token, and speaks with it from then on.
func (w *world) token(number, scope string) *client {
	w.t.Helper()
	p := w.as(number).post("/me/tokens", "name", "A script", "days", "1", "scope", scope).want(w.t, http.StatusOK)
	c := w.anonymous()
	if c.bearer = strings.TrimSpace(p.Find("main code").First().Text()); c.bearer == "" {
		w.t.Fatal("no token was shown")
	}
	c.get("/me").want(w.t, http.StatusOK) // its first use is noted
	return c
}

// by signs in as one of the personas of the tests; "" is nobody. The owner of an application is no persona of the demo and comes
// with a password.
func (w *world) by(number string) *client {
	w.t.Helper()
	switch {
	case number == "":
		return w.anonymous()
	case number == tokenOf:
		return w.token(itPerson, "read")
	case number != owner:
		return w.as(number)
	case w.number(`select count(*) from login l join identity i on i.id = l.identity_id where i.number = $1`, number) == 0:
		return w.signed(number)
	}
	c := w.anonymous()
	c.post("/signin", "email", "x"+number+"@example.com", "password", "correct horse battery").want(w.t, http.StatusSeeOther)
	w.again()
	c.post("/signin/second", "code", codeAt(w.t, w.keys[number], time.Now())).want(w.t, http.StatusSeeOther)
	return c
}

func (c *client) send(method, path string, body io.Reader, head ...string) page {
	c.w.t.Helper()
	r, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.server.URL+path, body)
	c.w.must(err)
	if c.site != "" {
		r.Header.Set("Sec-Fetch-Site", c.site)
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := c.http.Do(r)
	c.w.must(err)
	defer func() { _ = res.Body.Close() }()
	var text []byte
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") { // has no end: what comes first is enough
		text = make([]byte, 4096)
		n, _ := res.Body.Read(text) // a stream that ends at once has nothing to tell
		text = text[:n]
	} else {
		text, err = io.ReadAll(res.Body)
		c.w.must(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(text)))
	c.w.must(err)
	return page{Document: doc, status: res.StatusCode, header: res.Header, body: string(text), to: res.Header.Get("Location")}
}

// json sends a body to the API.
func (c *client) json(method, path, body string, head ...string) page {
	c.w.t.Helper()
	return c.send(method, path, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, head...)...)
}

func (c *client) get(path string, head ...string) page {
	c.w.t.Helper()
	return c.send(http.MethodGet, path, nil, head...)
}

func (c *client) post(path string, pairs ...string) page {
	c.w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return c.send(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// want fails unless the answer has a status, and gives the answer.
func (p page) want(t testing.TB, status int) page {
	t.Helper()
	if p.status != status {
		t.Fatalf("answered %d (to %s), want %d: %s", p.status, p.to, status, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return p
}

// says fails unless the page's main part has the words.
func (p page) says(t testing.TB, words string) {
	t.Helper()
	if text := strings.Join(strings.Fields(p.Find("main").Text()), " "); !strings.Contains(text, words) {
		t.Errorf("the page does not say %q:\n%s", words, text)
	}
}

// program speaks with a token of somebody, given out by hand.
func (w *world) program(number, scope string) *client {
	w.t.Helper()
	c := w.anonymous()
	w.do(db.Operator, func(tx *db.Tx) error {
		p, err := identity.Find(tx, number)
		if err != nil {
			return err
		}
		c.bearer, err = auth.Issue(tx, p, "A script", []string{scope}, time.Hour)
		return err
	})
	return c
}
