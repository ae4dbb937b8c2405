package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is the published document, to hold answers against: a validator that is not ours knows its schemas, in which no property
// may stand that the document does not name.
type contract struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]any
		}
	}
	whole    map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex
}

var published = sync.OnceValue(func() *contract {
	text, err := os.ReadFile(documentFile)
	if err != nil {
		panic(err)
	}
	d := &contract{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, d); err != nil {
		panic(err)
	}
	if err := json.Unmarshal(text, &d.whole); err != nil {
		panic(err)
	}
	closed(d.whole["components"].(map[string]any)["schemas"])
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("mem:openapi.json", d.whole); err != nil {
		panic(err)
	}
	return d
})

// closed lets objects have what they name and nothing else.
func closed(v any) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	if _, has := m["properties"].(map[string]any); has && m["type"] == "object" {
		m["additionalProperties"] = false
	}
	for _, x := range m {
		closed(x)
	}
}

// operationOf gives the path of the document that an address is of; "" for none.
func (d *contract) operationOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1"), "/")
	for p := range d.Paths {
		names := strings.Split(p, "/")
		same := len(names) == len(parts)
		for i := range names {
			same = same && (names[i] == parts[i] || strings.HasPrefix(names[i], "{"))
		}
		if same && (!strings.Contains(p, "{") || d.Paths["/"+strings.Join(parts[1:], "/")] == nil) {
			return p
		}
	}
	return ""
}

// holds gives what is wrong with an answer; "" for nothing.
func (d *contract) holds(res *http.Response, body []byte) string {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	method, path := strings.ToLower(res.Request.Method), d.operationOf(res.Request.URL.EscapedPath())
	if method == "head" {
		method = "get"
	}
	if res.Header.Get("X-Request-Id") == "" {
		return "no X-Request-Id"
	}
	at := "#/components/responses/Problem"
	if op, known := d.Paths[path][method]; known {
		answer, there := op.Responses[fmt.Sprint(res.StatusCode)]
		switch {
		case !there:
			return fmt.Sprintf("the document does not know the status %d of %s %s", res.StatusCode, method, path)
		case answer.Ref == "" && res.StatusCode == http.StatusNotModified:
			if len(body) > 0 {
				return "an answer without a body has one"
			}
			return ""
		case answer.Ref == "":
			at = "#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/" + method + "/responses/" + fmt.Sprint(res.StatusCode)
		}
	} else if res.StatusCode < 400 {
		return fmt.Sprintf("%d of an address that the document does not know", res.StatusCode)
	}
	want := "application/json"
	if answer := d.Paths[path][method].Responses["200"]; answer.Content["application/zip"] != nil && res.StatusCode < 400 {
		if want = "application/zip"; kind == want { // a file has no schema
			return ""
		}
	}
	if res.StatusCode >= 400 {
		want = "application/problem+json"
	}
	if kind != want {
		return fmt.Sprintf("%d is %q", res.StatusCode, kind)
	}
	if res.Request.Method == http.MethodHead {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.compiler.Compile("mem:openapi.json" + at + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema")
	if err != nil {
		return err.Error()
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		return fmt.Sprintf("%v\n%.400s", err, body)
	}
	return ""
}

// checked carries requests, and holds every answer of the API against the document.
type checked struct{ t testing.TB }

func (c checked) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if bad := published().holds(res, body); bad != "" {
		c.t.Errorf("%s %s: %s", r.Method, r.URL.Path, bad)
	}
	return res, nil
}

// The check finds what is not as the document says.
func TestAnswersAreHeldAgainstTheDocument(t *testing.T) {
	const me = `{"id":"0b0e9a6e-0000-4000-8000-000000000000","name":"A","state":"active","roles":[],"scopes":["read"],"acting_for":[]`
	const wrong = `{"type":"/api#x","title":"x","status":404,"instance":"urn:x:y","request_id":"1","code":"not_found"`
	for name, x := range map[string]struct {
		status           int
		path, kind, body string
		good             bool
	}{
		"as it is":                  {200, "/me", "application/json", me + "}", true},
		"a property more":           {200, "/me", "application/json", me + `,"more":1}`, false},
		"a property less":           {200, "/me", "application/json", `{"name":"A"}`, false},
		"no id":                     {200, "/me", "application/json", strings.Replace(me, "0b0e9a6e", "x", 1) + "}", false},
		"another kind":              {200, "/me", "text/html", me + "}", false},
		"a status it does not have": {418, "/me", "application/problem+json", wrong + "}", false},
		"a problem":                 {404, "/people/x", "application/problem+json", wrong + "}", true},
		"a problem with more":       {404, "/people/x", "application/problem+json", wrong + `,"more":1}`, false},
		"a code it does not have":   {404, "/people/x", "application/problem+json", strings.Replace(wrong, `"not_found"`, `"x"`, 1) + "}", false},
		"an address there is not":   {404, "/nothing", "application/problem+json", wrong + "}", true},
		"an answer from nowhere":    {200, "/nothing", "application/json", "{}", false},
	} {
		r, err := http.NewRequest(http.MethodGet, "http://x/api/v1"+x.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res := &http.Response{StatusCode: x.status, Request: r, Header: http.Header{"Content-Type": {x.kind}, "X-Request-Id": {"1"}}}
		if bad := published().holds(res, []byte(x.body)); (bad == "") != x.good {
			t.Errorf("%s: %q", name, bad)
		}
	}
}
