package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates holds how much of its share each token has used, in this process: a bucket of a minute's requests that fills steadily.
type rates struct {
	perMinute int

	mu    sync.Mutex
	of    map[int]*rate.Limiter // by token
	swept time.Time
}

func newRates(perMinute int) *rates { return &rates{perMinute: perMinute, of: map[int]*rate.Limiter{}} }

// take takes one request of a token's share. wait is how long until there is another one, when there is none.
func (l *rates) take(token int, now time.Time) (left int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute { // who was silent for a minute has a full bucket, which needs no memory
		for id, x := range l.of {
			if x.TokensAt(now) >= float64(l.perMinute) {
				delete(l.of, id)
			}
		}
		l.swept = now
	}
	x := l.of[token]
	if x == nil {
		x = rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
		l.of[token] = x
	}
	if !x.AllowN(now, 1) {
		return 0, time.Duration((1 - x.TokensAt(now)) / float64(x.Limit()) * float64(time.Second))
	}
	return int(x.TokensAt(now)), 0
}

// rated counts the request and says in headers what is left (draft-ietf-httpapi-ratelimit-headers-10).
func (r *request) rated() error {
	l := r.s.rates
	if l.perMinute == 0 {
		return nil
	}
	left, wait := l.take(r.bearer.Token, time.Now())
	full := int(math.Ceil(float64(l.perMinute-left) * 60 / float64(l.perMinute)))
	r.Header("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=60`, l.perMinute))
	r.Header("RateLimit", fmt.Sprintf(`"token";r=%d;t=%d`, left, full))
	if wait > 0 {
		r.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return refusal(http.StatusTooManyRequests, codeTooMany, "the token has used its %d requests a minute; wait a little", l.perMinute)
	}
	return nil
}
