package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// What is sent is held against the schema that the document publishes, then read into its type: what a program is told it may send is
// what is taken, and what is not known is refused by name.

// asked reads the parameters of the address.
func (r *request) asked(o *operation, into any) error {
	schema := o.asked
	sent := map[string]any{}
	var bad []problemField
	for name, values := range r.Request.URL.Query() {
		p := schema.Properties[name]
		switch {
		case p == nil:
			bad = append(bad, problemField{Parameter: name, Detail: "There is no such parameter."})
		case len(values) > 1:
			bad = append(bad, problemField{Parameter: name, Detail: "It stands there more than once."})
		default:
			v, ok := valueOf(p, values[0])
			if !ok {
				bad = append(bad, problemField{Parameter: name, Detail: "It must be of the type " + p.Type + "."})
				continue
			}
			sent[name] = v
		}
	}
	if len(bad) == 0 {
		for _, e := range r.s.schemas.check(schema, sent) {
			bad = append(bad, problemField{Parameter: e.Location, Detail: sentence(e.Message)})
		}
	}
	if len(bad) > 0 {
		slices.SortFunc(bad, func(a, b problemField) int { return strings.Compare(a.Parameter, b.Parameter) })
		return refusal(http.StatusBadRequest, codeInvalid, "the address asks for something that is not valid").with(bad...)
	}
	body, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func valueOf(s *huma.Schema, text string) (any, bool) {
	switch s.Type {
	case huma.TypeInteger:
		n, err := strconv.Atoi(text)
		return n, err == nil
	case huma.TypeBoolean:
		b, err := strconv.ParseBool(text)
		return b, err == nil
	}
	return text, true
}

// sentBody reads the body and gives its bytes as well.
func (r *request) sentBody(o *operation, into any) ([]byte, error) {
	if kind := r.ContentType(); kind != "application/json" {
		return nil, refusal(http.StatusUnsupportedMediaType, codeMedia, "send application/json, not %q", kind)
	}
	body, err := io.ReadAll(r.Request.Body)
	if err != nil {
		return nil, asInvalid(err)
	}
	if !utf8.Valid(body) { // the decoder would put signs of its own in place of what is none
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var sent any
	if err := decoder.Decode(&sent); err != nil {
		return nil, badJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "something follows after the end of the JSON value")
	}
	if where := unreadable(sent, ""); where != "" {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "a text could not be read").with(problemField{Pointer: pointer(strings.TrimPrefix(where, ".")), Detail: "It holds characters that no text has."})
	}
	var bad []problemField
	for _, e := range r.s.schemas.check(o.sent, sent) {
		bad = append(bad, problemField{Pointer: pointer(e.Location), Detail: sentence(e.Message)})
	}
	if len(bad) > 0 {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the body is not valid").with(bad...)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, badJSON(err)
	}
	return body, nil
}

func badJSON(err error) error {
	return refusal(http.StatusBadRequest, codeInvalid, "the body is no JSON: %v", err)
}

// unreadable gives where a text stands that no database takes; "" for nowhere.
func unreadable(v any, at string) string {
	switch v := v.(type) {
	case string:
		if !isText(v) {
			return at
		}
	case map[string]any:
		for k, x := range v {
			if !isText(k) {
				return at + ".?"
			}
			if where := unreadable(x, at+"."+k); where != "" {
				return where
			}
		}
	case []any:
		for i, x := range v {
			if where := unreadable(x, at+"["+strconv.Itoa(i)+"]"); where != "" {
				return where
			}
		}
	}
	return ""
}

// schemas are those of all types that go in and out.
type schemas struct{ huma.Registry }

// of gives the schema of a struct.
func (s schemas) of(t reflect.Type) *huma.Schema {
	schema := s.Schema(t, true, "")
	if schema.Ref != "" {
		schema = s.SchemaFromRef(schema.Ref)
	}
	return schema
}

// wrong is one thing that does not hold.
type wrong struct{ Location, Message string }

// check holds a value against a schema and gives all that is wrong with it.
func (s schemas) check(schema *huma.Schema, v any) (out []wrong) {
	path, found := huma.NewPathBuffer(make([]byte, 0, 64), 0), &huma.ValidateResult{}
	huma.Validate(s.Registry, schema, path, huma.ModeWriteToServer, v, found)
	for _, err := range found.Errors {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			out = append(out, wrong{d.Location, d.Message})
		} else {
			out = append(out, wrong{"", err.Error()})
		}
	}
	slices.SortStableFunc(out, func(a, b wrong) int { return strings.Compare(a.Location, b.Location) })
	return out
}
