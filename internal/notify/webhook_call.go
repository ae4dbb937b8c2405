package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"code.dny.dev/ssrf"
)

// call calls a webhook as Standard Webhooks describes (standardwebhooks.com), for which receivers have libraries: headers webhook-id,
// webhook-timestamp and webhook-signature, v1: HMAC-SHA256 over id.timestamp.body. The timestamp is that of the attempt; the id stays.
func (s *Service) call(ctx context.Context, d *delivery) (outcome, error) {
	body, err := json.Marshal(struct {
		ID   string          `json:"id"`
		At   time.Time       `json:"at"`
		Kind string          `json:"kind"`
		Data json.RawMessage `json:"data"`
	}{d.publicID, d.made.UTC(), d.kind, d.body})
	if err != nil {
		return outcome{}, refusal{err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.webhook.url, bytes.NewReader(body))
	if err != nil {
		return outcome{}, refusal{errors.New("the address cannot be used")}
	}
	stamp := strconv.FormatInt(d.tried.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Tenure")
	req.Header.Set("webhook-id", d.publicID)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", "v1,"+sign(d.webhook.secret, d.publicID, stamp, body))
	answer, err := s.caller().Do(req)
	if err != nil {
		return outcome{}, unreached(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // what it says is not kept: it could be anything
	said := fmt.Sprintf("answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return outcome{state: "sent", answer: said}, nil
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return outcome{}, errors.New(said + ": redirects are not followed")
	}
	o := outcome{}
	if sec, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && sec > 0 && sec <= 6*3600 {
		o.after = time.Duration(sec) * time.Second
	}
	return o, errors.New(said)
}

func sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// caller is a client that reaches nothing inside: the address that is dialled is looked at, after names were resolved, so no name leads
// there; there is no proxy and no redirect is followed. Networks of Allow may be reached all the same.
func (s *Service) caller() *http.Client {
	var v4, v6 []netip.Prefix
	for _, p := range s.Allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	dial := &net.Dialer{Timeout: 10 * time.Second, Control: guard.Safe}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

// unreached says why a system was not reached, and nothing of what is inside.
func unreached(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return refusal{errors.New("the address leads inside, to a network that TENURE_WEBHOOK_ALLOW does not name")}
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	}
	return errors.New("not reached")
}
