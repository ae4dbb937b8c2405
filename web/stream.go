package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tenure/internal/db"
)

// How streams of events behave. A stream paints nothing by itself: the page it rings for is always the server's.
const (
	streamLook  = 300 * time.Millisecond // between two looks at the database
	streamCheck = 2 * time.Second        // whether the session is still there
	streamLong  = 10 * time.Minute       // then the browser comes back by itself
	streamMost  = 128                    // at once in this process
	streamMine  = 8                      // of one person
)

// streamBeat is between two signs of life, so that what lies between does not hang up.
var streamBeat = 15 * time.Second

// streams bounds the streams of this process and ends them with it.
type streams struct {
	until context.Context
	mu    sync.Mutex
	all   int
	mine  map[int]int
}

func newStreams(ctx context.Context) *streams { return &streams{until: ctx, mine: map[int]int{}} }

// take makes room for one more of a person's; false when there is none.
func (s *streams) take(who int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= streamMost || s.mine[who] >= streamMine {
		return false
	}
	s.all++
	s.mine[who]++
	return true
}

func (s *streams) give(who int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.mine[who]--; s.mine[who] == 0 {
		delete(s.mine, who)
	}
}

// sign is what a stream tells of the thing it watches. Seq grows with every change.
type sign struct {
	Seq     int64  `json:"-"`
	Percent int    `json:"percent"`
	Words   string `json:"words"`
	Over    bool   `json:"over"`
}

// stream sends events until the thing is over, the session or the process ends, or the browser goes away (Server-Sent Events, WHATWG
// HTML 9.2). A browser that comes back says what it saw last and is told what has become of it since.
func (r *request) stream(look func(*db.Tx) (sign, error)) error {
	var now sign
	if err := r.read(func(tx *db.Tx) (err error) { now, err = look(tx); return err }); err != nil {
		return err
	}
	if !r.s.streams.take(r.who.ID) {
		r.Header("Retry-After", "5")
		r.String(http.StatusServiceUnavailable, "Too many pages watch at once. This one goes on by asking every few seconds.")
		return nil
	}
	defer r.s.streams.give(r.who.ID)
	h := r.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	r.Writer.WriteHeader(http.StatusOK)
	if r.Request.Method == http.MethodHead {
		return nil
	}
	seen, _ := strconv.ParseInt(r.GetHeader("Last-Event-ID"), 10, 64) // none, or no number of ours: told from the beginning
	s := &sender{c: http.NewResponseController(r.Writer), w: r.Writer}
	s.send("retry: 1000\n\n")
	tick := time.NewTicker(streamLook)
	defer tick.Stop()
	began, checked := time.Now(), time.Now()
	for {
		if now.Seq != seen || now.Over {
			seen = now.Seq
			s.event(now)
		}
		if s.err != nil || now.Over || time.Since(began) > streamLong {
			return nil
		}
		select {
		case <-r.Request.Context().Done():
			return nil
		case <-r.s.streams.until.Done():
			return nil
		case <-tick.C:
		}
		if time.Since(s.last) > streamBeat {
			s.send(": still here\n\n")
		}
		if time.Since(checked) > streamCheck {
			if !r.still() {
				return nil
			}
			checked = time.Now()
		}
		if err := r.read(func(tx *db.Tx) (err error) { now, err = look(tx); return err }); err != nil {
			return nil // the browser asks again and is told what is wrong then
		}
	}
}

// still says whether the reader is signed in yet, asked anew.
func (r *request) still() bool {
	ctx, cancel := context.WithCancel(r.s.streams.until)
	defer cancel()
	ctx, o := r.s.opens(ctx)
	defer o.end()
	ctx, err := r.s.sessions.Load(ctx, r.s.cookie(r.Request))
	if err != nil {
		return false
	}
	c := r.Context.Copy()
	c.Request = r.Request.WithContext(ctx)
	q := &request{Context: c, s: r.s}
	return r.s.identify(q) == nil && q.who != nil && q.who.ID == r.who.ID
}

// sender writes to one browser, which must take each piece within seconds.
type sender struct {
	c    *http.ResponseController
	w    http.ResponseWriter
	last time.Time
	err  error
}

func (s *sender) event(x sign) {
	name := "change"
	if x.Over {
		name = "end"
	}
	body, _ := json.Marshal(x) // numbers and words
	s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", x.Seq, name, body))
}

func (s *sender) send(text string) {
	if s.err != nil {
		return
	}
	s.last = time.Now()
	_ = s.c.SetWriteDeadline(s.last.Add(10 * time.Second)) // a test's recorder has none
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.c.Flush()
	}
}
