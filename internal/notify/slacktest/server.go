// Package slacktest has a server in the shape of Slack's published Web API, over HTTP on 127.0.0.1: it keeps the messages it is given, edits
// them, opens windows, and sends what people click, signed as Slack signs.
package slacktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tenure/internal/notify"
)

// Message is one that stands in a conversation.
type Message struct {
	User, Channel, TS string
	Text              string
	Blocks            string // JSON
	Edits             int
	Whispers          bool // only its reader sees it
}

// Buttons are the actions of a message's buttons.
func (m *Message) Buttons() (out []string) {
	var blocks []struct {
		Elements []struct {
			Type     string `json:"type"`
			ActionID string `json:"action_id"`
		} `json:"elements"`
	}
	_ = json.Unmarshal([]byte(m.Blocks), &blocks)
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Type == "button" {
				out = append(out, e.ActionID)
			}
		}
	}
	return out
}

// Window is one that was opened.
type Window struct {
	Trigger, View string
}

// Server is the workspace.
type Server struct {
	URL, Token, Secret, Team string

	t        testing.TB
	mu       sync.Mutex
	messages []Message
	windows  []Window
	wrong    map[string]string
	busy     int
	clicks   int
	during   func()
}

// New starts one, until the test ends.
func New(t testing.TB) *Server {
	k := &Server{t: t, Token: "xoxb-test", Secret: "8f742231b10e8888abcd99yyyzzz85a5", Team: "T0CORP", wrong: map[string]string{}}
	s := httptest.NewServer(k)
	k.URL = s.URL + "/api/"
	t.Cleanup(s.Close)
	return k
}

// Slack says how people are told here.
func (k *Server) Slack() *notify.Slack {
	return &notify.Slack{Token: k.Token, Secret: k.Secret, Team: k.Team, URL: k.URL}
}

// Fail lets a method, such as chat.postMessage, answer with an error from now on; "" lets it work again.
func (k *Server) Fail(method, code string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wrong[method] = code
}

// Busy lets the next call be refused with 429 and so many seconds to wait.
func (k *Server) Busy(seconds int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy = seconds
}

// During lets something happen once while the next call is being answered.
func (k *Server) During(fn func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.during = fn
}

// Messages gives what stands in conversations, in the order in which it came.
func (k *Server) Messages() []Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.messages)
}

// Windows gives the windows that were opened.
func (k *Server) Windows() []Window {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.windows)
}

// ServeHTTP answers a method of the Web API.
func (k *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	during := k.during
	k.during = nil
	k.mu.Unlock()
	if during != nil {
		during()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	args := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			k.t.Errorf("%s: %v", method, err)
		}
		for name, v := range body {
			if args[name] = string(v); v[0] == '"' {
				var s string
				_ = json.Unmarshal(v, &s)
				args[name] = s
			}
		}
	} else {
		_ = r.ParseForm()
		for name := range r.PostForm {
			args[name] = r.PostForm.Get(name)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if k.busy > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(k.busy))
		k.busy = 0
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"ok":false,"error":"ratelimited"}`)
		return
	}
	answer := k.do(method, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), args)
	_ = json.NewEncoder(w).Encode(answer)
}

func (k *Server) do(method, token string, args map[string]string) map[string]any {
	no := func(code string) map[string]any { return map[string]any{"ok": false, "error": code} }
	if token == "" {
		token = args["token"]
	}
	if token != k.Token {
		return no("invalid_auth")
	}
	if code := k.wrong[method]; code != "" {
		return no(code)
	}
	if b := args["blocks"]; b != "" && !json.Valid([]byte(b)) {
		return no("invalid_blocks_format")
	}
	switch method {
	case "chat.postMessage", "chat.postEphemeral":
		m := Message{User: args["channel"], Channel: "D" + strings.TrimPrefix(args["channel"], "U"), Text: args["text"], Blocks: args["blocks"], Whispers: method == "chat.postEphemeral"}
		if m.Whispers {
			m.User = args["user"]
		}
		m.TS = fmt.Sprintf("1700000000.%06d", len(k.messages)+1)
		k.messages = append(k.messages, m)
		return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS, "message_ts": m.TS}
	case "chat.update":
		for i := range k.messages {
			if m := &k.messages[i]; m.Channel == args["channel"] && m.TS == args["ts"] {
				m.Text, m.Blocks = args["text"], args["blocks"]
				m.Edits++
				return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text}
			}
		}
		return no("message_not_found")
	case "views.open":
		if args["trigger_id"] == "" {
			return no("invalid_trigger_id")
		}
		k.windows = append(k.windows, Window{Trigger: args["trigger_id"], View: args["view"]})
		return map[string]any{"ok": true, "view": map[string]any{"id": "V1"}}
	}
	return no("unknown_method")
}

// Sent is a request as Slack makes it when somebody acts.
type Sent struct {
	Body                 string
	Timestamp, Signature string
}

// Click is what Slack sends when a user clicks a button.
func (k *Server) Click(user, action, value string) Sent {
	k.mu.Lock()
	k.clicks++
	n := k.clicks
	k.mu.Unlock()
	return k.signed(map[string]any{"type": "block_actions", "team": map[string]any{"id": k.Team, "domain": "corp"}, "user": map[string]any{"id": user, "team_id": k.Team},
		"trigger_id": fmt.Sprintf("12321423423.333649436676.%d", n), "channel": map[string]any{"id": "D" + strings.TrimPrefix(user, "U"), "name": "directmessage"},
		"actions": []map[string]any{{"type": "button", "block_id": "acts", "action_id": action, "value": value, "action_ts": "1548426417.840180"}}})
}

// Submit is what Slack sends when a user sends off the window that a click opened.
func (k *Server) Submit(user, value, reason string) Sent {
	return k.signed(map[string]any{"type": "view_submission", "team": map[string]any{"id": k.Team, "domain": "corp"}, "user": map[string]any{"id": user, "team_id": k.Team},
		"view": map[string]any{"id": "V1", "type": "modal", "callback_id": "deny", "private_metadata": value, "blocks": []any{},
			"state": map[string]any{"values": map[string]any{"reason": map[string]any{"reason": map[string]any{"type": "plain_text_input", "value": reason}}}}}})
}

// Narrow is what Slack sends when a user sends off the window that was opened last, in which something is narrowed: its blocks come back with
// what was filled in. until is a day or "", level the value of an option or "".
func (k *Server) Narrow(user, until, level string) Sent {
	all := k.Windows()
	var view struct {
		CallbackID      string `json:"callback_id"`
		PrivateMetadata string `json:"private_metadata"`
		Blocks          []any  `json:"blocks"`
	}
	if len(all) == 0 || json.Unmarshal([]byte(all[len(all)-1].View), &view) != nil {
		k.t.Error("no window is open")
	}
	values := map[string]any{}
	for _, b := range view.Blocks {
		switch id := b.(map[string]any)["block_id"]; id {
		case "until":
			day := any(until)
			if until == "" {
				day = nil
			}
			values["until"] = map[string]any{"until": map[string]any{"type": "datepicker", "selected_date": day}}
		case "level":
			values["level"] = map[string]any{"level": map[string]any{"type": "static_select", "selected_option": map[string]any{"text": map[string]any{"type": "plain_text", "text": level}, "value": level}}}
		}
	}
	return k.signed(map[string]any{"type": "view_submission", "team": map[string]any{"id": k.Team, "domain": "corp"}, "user": map[string]any{"id": user, "team_id": k.Team},
		"view": map[string]any{"id": "V1", "type": "modal", "callback_id": view.CallbackID, "private_metadata": view.PrivateMetadata, "blocks": view.Blocks, "state": map[string]any{"values": values}}})
}

func (k *Server) signed(payload map[string]any) Sent {
	raw, _ := json.Marshal(payload)
	return k.Sign(url.Values{"payload": {string(raw)}}.Encode(), time.Now())
}

// Sign signs a body as Slack did at a time.
func (k *Server) Sign(body string, at time.Time) Sent {
	s := Sent{Body: body, Timestamp: strconv.FormatInt(at.Unix(), 10)}
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write([]byte("v0:" + s.Timestamp + ":" + body))
	s.Signature = "v0=" + hex.EncodeToString(mac.Sum(nil))
	return s
}

// To makes the request.
func (s Sent) To(address string) *http.Request {
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(s.Body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", s.Timestamp)
	r.Header.Set("X-Slack-Signature", s.Signature)
	return r
}
