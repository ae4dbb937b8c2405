package notify_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/notify"
)

// receiver is a system that is told what happens.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []http.Header
	bodies []string
	status int
	head   http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent, head: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls, r.bodies = append(r.calls, q.Header), append(r.bodies, string(body))
		for k, v := range r.head {
			w.Header()[k] = v
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int, head ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.head = status, http.Header{}
	for i := 0; i+1 < len(head); i += 2 {
		r.head.Set(head[i], head[i+1])
	}
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

func (w *world) declare(address string, kinds ...string) (id int, secret string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { id, secret, err = notify.Declare(tx, "SIEM", address, kinds); return err })
	return id, secret
}

func (w *world) hook(kind string, data any) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return notify.Hook(tx, kind, data) })
}

// A call is signed so that a receiver's library takes it; it is sent again until it is taken, and once more by hand, under one id.
func TestACallIsSignedAndSentUntilItIsTaken(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.Allow = loopback
	id, secret := w.declare(r.URL, "request.granted")
	r.answer(http.StatusBadGateway)
	w.hook("request.submitted", map[string]int{"request": 9}) // which it did not ask for
	w.hook("request.granted", map[string]int{"request": 9})
	w.deliver("webhook")
	w.deliver("webhook")
	if s := w.states(); s != "webhook waiting 1" || r.count() != 1 {
		t.Fatalf("%s, %d calls", s, r.count())
	}
	r.answer(http.StatusOK)
	w.later()
	w.deliver("webhook")
	w.do(func(tx *db.Tx) error {
		calls, err := notify.Calls(tx, id, 10)
		if err != nil || len(calls) != 1 || calls[0].State != "sent" || calls[0].Attempts != 2 || calls[0].Answer != "answered 200 OK" {
			t.Errorf("%+v, %v", calls, err)
		}
		return notify.Replay(tx, id, calls[0].ID)
	})
	w.deliver("webhook")
	if r.count() != 3 {
		t.Fatalf("%d calls", r.count())
	}
	check, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range r.calls {
		if err := check.Verify([]byte(r.bodies[i]), h); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
		if check.Verify([]byte(r.bodies[i]+" "), h) == nil {
			t.Errorf("call %d: another body is taken", i)
		}
		var body struct {
			ID, At, Kind string
			Data         map[string]int
		}
		if err := json.Unmarshal([]byte(r.bodies[i]), &body); err != nil || body.ID != h.Get("webhook-id") || body.ID != r.calls[0].Get("webhook-id") || body.Kind != "request.granted" ||
			body.Data["request"] != 9 || body.At == "" {
			t.Errorf("call %d: %+v, %v", i, body, err)
		}
	}
	if strings.Contains(w.text(`select encode(secret, 'escape') from webhook`), secret) {
		t.Error("the secret is not sealed")
	}
}

// While a webhook is paused what happens waits; an address that nobody declared is told nothing.
func TestAPausedWebhookIsToldLater(t *testing.T) {
	w, r := newWorld(t), newReceiver(t)
	w.Allow = loopback
	id, _ := w.declare(r.URL)
	w.do(func(tx *db.Tx) error { return notify.SetActive(tx, id, false) })
	w.hook("request.granted", nil)
	w.deliver("webhook")
	if r.count() != 0 {
		t.Error("a paused webhook was called")
	}
	w.do(func(tx *db.Tx) error { return notify.SetActive(tx, id, true) })
	w.deliver("webhook")
	if r.count() != 1 {
		t.Errorf("%d calls", r.count())
	}
	err := w.DB.Do(t.Context(), db.Operator, func(tx *db.Tx) error { return notify.SetActive(tx, id, true) })
	if errs.KindOf(err) != errs.KindConflict {
		t.Error(err)
	}
	w.do(func(tx *db.Tx) error { return notify.HookAddress(tx, r.URL, "request.step", nil) })
	err = w.DB.Do(t.Context(), db.Operator, func(tx *db.Tx) error { return notify.HookAddress(tx, "https://nobody.example/", "request.step", nil) })
	if errs.KindOf(err) != errs.KindConflict {
		t.Error(err)
	}
}

// No webhook reaches what is inside: not by an address, in whatever form, not by a name that leads there, not by a redirect.
func TestNoWebhookReachesInside(t *testing.T) {
	w, inside := newWorld(t), newReceiver(t)
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	hosts := []string{"127.0.0.1", "localhost", "0.0.0.0", "0", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
		"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "[::ffff:169.254.169.254]"}
	for _, h := range hosts {
		w.declare("http://" + h + ":" + port + "/")
	}
	w.hook("request.granted", nil)
	w.deliver("webhook")
	if n := inside.count(); n != 0 {
		t.Errorf("what is inside was called %d times", n)
	}
	if n := w.text(`select count(*)::text from delivery where state = 'sent'`); n != "0" {
		t.Errorf("%s calls were taken", n)
	}
	if text := w.text(`select d.answer || ' ' || d.state from delivery d join webhook w on w.id = d.webhook_id where w.url like '%localhost%'`); !strings.Contains(text, "leads inside") || !strings.HasSuffix(text, "dead") {
		t.Errorf("a name that leads inside: %s", text)
	}
	// The control: the same call reaches it where the network is allowed. And then a redirect is not followed, not even to an allowed place.
	w.Allow = loopback
	w.exec(`delete from delivery`)
	id, _ := w.declare(inside.URL)
	inside.answer(http.StatusTemporaryRedirect, "Location", inside.URL+"/again")
	w.do(func(tx *db.Tx) error { return notify.TryHook(tx, id) })
	w.deliver("webhook")
	if n := inside.count(); n != 1 {
		t.Errorf("with the network allowed and a redirect: %d calls", n)
	}
	if s := w.text(`select state || ': ' || answer from delivery`); !strings.Contains(s, "waiting: answered 307") {
		t.Error(s)
	}
	for _, u := range []string{"ftp://hooks.example/", "https://me:pw@hooks.example/", "gopher://hooks.example", "unix:///run/x", "/hooks", "https://", "https://hooks.example/#x"} {
		err := w.DB.Do(t.Context(), db.Operator, func(tx *db.Tx) error { _, _, err := notify.Declare(tx, "x", u, nil); return err })
		if errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%s: %v", u, err)
		}
	}
}
