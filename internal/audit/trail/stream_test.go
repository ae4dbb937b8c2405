package trail_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

// taken is what a receiver has kept, in the order in which it came.
type taken struct {
	mu    sync.Mutex
	lines []string
}

func (k *taken) keep(line string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, line)
}

// indexes gives the numbers of the events, each where it came first, and how many came again.
func (k *taken) indexes(t *testing.T) (first []int64, again int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := map[int64]bool{}
	for _, l := range k.lines {
		var e struct {
			Index int64
			Hash  string
			Event json.RawMessage
		}
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		if sum := sha256.Sum256(append([]byte{0}, e.Event...)); hex.EncodeToString(sum[:]) != e.Hash {
			t.Fatalf("event %d does not have the hash that it came with", e.Index)
		}
		if seen[e.Index] {
			again++
			continue
		}
		seen[e.Index] = true
		first = append(first, e.Index)
	}
	return first, again
}

// upTo tells until nothing is left, whatever fails on the way, and says how often something did.
func upTo(t *testing.T, d *db.DB, s *trail.Stream, size int64) (failed int) {
	t.Helper()
	for range 100 {
		_, err := s.Once(t.Context())
		if err != nil {
			failed++
			if n := scan[int](t, d, `select count(*) from log_trouble where sink = $1`, s.SinkOf()); n != 1 {
				t.Error("nobody is told that the receiver takes nothing")
			}
			continue
		}
		if scan[int64](t, d, `select next from stream_cursor where stream = $1`, s.Name) == size {
			if n := scan[int](t, d, `select count(*) from log_trouble`); n != 0 {
				t.Error("the trouble is over and still told of")
			}
			return failed
		}
	}
	t.Fatal("it does not come to its end")
	return 0
}

func all(size int64) (out []int64) {
	for i := range size {
		out = append(out, i)
	}
	return out
}

// lossy is a receiver over HTTP: it breaks off in the middle of the third batch, loses its answer to the fourth, and is out of order for the fifth.
func lossy(k *taken) http.Handler {
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 1<<20)
		for i := 0; lines.Scan(); i++ {
			if n == 3 && i == 100 {
				panic(http.ErrAbortHandler)
			}
			if n == 5 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			k.keep(lines.Text())
		}
		if n == 4 {
			panic(http.ErrAbortHandler)
		}
	})
}

// Over HTTP every event arrives, in order, whatever breaks on the way; were the place moved before the receiver has taken the batch,
// some would not.
func TestAStreamOverHTTPLosesNothing(t *testing.T) {
	d := dbtest.New(t)
	sealing := sealer(t, d)
	record(t, d, 2600)
	size := seal(t, sealing)
	for _, hasty := range []bool{false, true} {
		k := &taken{}
		server := httptest.NewServer(lossy(k))
		s := &trail.Stream{DB: d, Name: fmt.Sprint("hasty-", hasty), Form: trail.JSONLine, To: &trail.OverHTTP{URL: server.URL, Type: "application/x-ndjson"}}
		if hasty {
			s.Hasty()
		}
		failed := upTo(t, d, s, size)
		got, again := k.indexes(t)
		server.Close()
		switch {
		case hasty && slices.Equal(got, all(size)):
			t.Error("the control loses nothing: the test proves nothing")
		case !hasty && !slices.Equal(got, all(size)):
			t.Errorf("%d events of %d arrived, or not in their order", len(got), size)
		case !hasty && (failed != 3 || again == 0):
			t.Errorf("%d failures, %d events twice", failed, again)
		}
	}
	// It goes on where it was, in another process as well.
	record(t, d, 3)
	size = seal(t, sealing)
	k := &taken{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for line := range strings.Lines(string(body)) {
			k.keep(line)
		}
		if r.Header.Get("Authorization") != "Splunk 12" || r.Header.Get("Tenure-First-Index") != strconv.FormatInt(size-3, 10) || r.Header.Get("Tenure-Last-Index") != strconv.FormatInt(size-1, 10) {
			t.Errorf("the request says %v", r.Header)
		}
	}))
	defer server.Close()
	s := &trail.Stream{DB: d, Name: "hasty-false", Form: trail.JSONLine, To: &trail.OverHTTP{URL: server.URL, Authorization: "Splunk 12"}}
	upTo(t, d, s, size)
	if got, _ := k.indexes(t); !slices.Equal(got, all(size)[size-3:]) {
		t.Errorf("it went on with %v", got)
	}
}

var message = regexp.MustCompile(`^<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z host\.example tenure - test\.happened \[meta sequenceId="(\d+)"\] (\{.*\})$`)

// collector is a syslog server over TLS: it counts octets, and resets its second connection in the middle.
func collector(t *testing.T, k *taken) (address string, trust *tls.Config) {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	lender.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if err := collect(c.(*net.TCPConn), lender.TLS, n == 2, k); err != nil {
				t.Error(err)
			}
		}
	}()
	pool := lender.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return l.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12}
}

func collect(tcp *net.TCPConn, conf *tls.Config, breaks bool, k *taken) error {
	conf = conf.Clone()
	conf.NextProtos = nil
	c := tls.Server(tcp, conf)
	defer func() { _ = c.Close() }()
	if c.Handshake() != nil { // who does not know the certificate goes away
		return nil
	}
	r := bufio.NewReader(c)
	for i := 0; ; i++ {
		if breaks && i == 40 {
			_ = tcp.SetLinger(0)
			return tcp.Close()
		}
		count, err := r.ReadString(' ')
		if errors.Is(err, io.EOF) && count == "" {
			return nil
		}
		n, bad := strconv.Atoi(strings.TrimSuffix(count, " "))
		if err != nil || bad != nil {
			return fmt.Errorf("no count of octets: %q %w", count, errors.Join(err, bad))
		}
		frame := make([]byte, n)
		if _, err := io.ReadFull(r, frame); err != nil {
			return err
		}
		m := message.FindSubmatch(frame)
		if m == nil {
			return fmt.Errorf("no message of RFC 5424: %s", frame)
		}
		if !bytes.HasPrefix(m[2], fmt.Appendf(nil, `{"index":%d,`, atoi(m[1])-1)) {
			return fmt.Errorf("sequenceId %s goes with %.40s", m[1], m[2])
		}
		k.keep(string(m[2]))
	}
}

func atoi(b []byte) int { n, _ := strconv.Atoi(string(b)); return n }

// Over syslog with TLS the same: a connection that is reset in the middle of a batch brings it again; a certificate that is not known
// brings nothing.
func TestAStreamOverSyslogLosesNothing(t *testing.T) {
	d := dbtest.New(t)
	record(t, d, 1800)
	size := seal(t, sealer(t, d))
	for _, hasty := range []bool{false, true} {
		k := &taken{}
		address, trust := collector(t, k)
		s := &trail.Stream{DB: d, Name: fmt.Sprint("hasty-", hasty), Form: trail.JSONLine, To: &trail.OverSyslog{Address: address, Host: trail.HostName("host. example\n"), TLS: trust}}
		if hasty {
			s.Hasty()
		}
		failed := upTo(t, d, s, size)
		got, _ := k.indexes(t)
		switch {
		case failed != 1:
			t.Errorf("%d failures", failed)
		case hasty == slices.Equal(got, all(size)):
			t.Errorf("place moved beforehand: %v; %d events of %d arrived", hasty, len(got), size)
		}
	}
	k := &taken{}
	address, _ := collector(t, k)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s := &trail.Stream{DB: d, Name: "unknown", Form: trail.JSONLine, To: &trail.OverSyslog{Address: address, TLS: &tls.Config{ServerName: "example.com", MinVersion: tls.VersionTLS12}}}
	if _, err := s.Once(ctx); err == nil || len(k.lines) > 0 {
		t.Errorf("a receiver whom nobody vouches for is told %d events: %v", len(k.lines), err)
	}
}

// CEF escapes what would end a field (Common Event Format, revision 26), and stays on one line.
func TestCEF(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC)
	leaf := `{"v":1,"kind":"x","actor":7,"identity":12,"recorded":"2026-03-01T12:00:00.500000Z","effective":"2026-03-01T00:00:00.000000Z","touches":{},"facts":{"a":"1=2|3\\n\\\\"}}`
	got, err := trail.CEF(trail.Told{Index: 41, Kind: `odd|kind\of.thing`, Recorded: at}, []byte{0xab, 0xcd}, []byte(leaf))
	if err != nil {
		t.Fatal(err)
	}
	want := `CEF:0|Tenure|Tenure|1|odd\|kind\\of.thing|odd\|kind\\of.thing|3|externalId=41 rt=1772366400500 start=1772323200000 cat=odd|kind\\of suid=7 duid=12 cs1Label=hash cs1=abcd cs2Label=facts cs2={"a":"1\=2|3\\\\n\\\\\\\\"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	plain, err := trail.CEF(trail.Told{Index: 0, Kind: "test.happened", Recorded: at}, []byte{1}, []byte("{\"v\":1,\"actor\":1,\"effective\":\"2026-03-01T00:00:00Z\",\n\"facts\":{\"a\":\n1}}"))
	if err != nil || strings.ContainsAny(string(plain), "\r\n") || !strings.Contains(string(plain), "|externalId=0 ") || !strings.Contains(string(plain), `cs2={"a":\n1}`) || strings.Contains(string(plain), "duid") {
		t.Errorf("%s %v", plain, err)
	}
}
