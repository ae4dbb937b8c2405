package evidence

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Appender is a value that writes its own JSON: exactly the bytes that encoding/json makes of it. The facts of events that are
// written by the ten thousand are Appenders; a test holds each to encoding/json.
type Appender interface{ AppendJSON(b []byte) []byte }

// appendAny appends v as JSON.
func appendAny(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case Appender:
		return v.AppendJSON(b), nil
	case nil:
		return append(b, "null"...), nil
	case string:
		return AppendString(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case map[string]any:
		return appendMap(b, v)
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

// appendMap appends a JSON object with its keys sorted.
func appendMap(b []byte, m map[string]any) (_ []byte, err error) {
	if m == nil {
		return append(b, "null"...), nil
	}
	var space [24]string
	b = append(b, '{')
	for i, k := range sorted(space[:0], m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, k), ':')
		if b, err = appendAny(b, m[k]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// AppendString appends a JSON string as encoding/json writes it.
func AppendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// AppendStrings appends a JSON object of strings, with its keys sorted.
func AppendStrings[M ~map[string]string](b []byte, m M) []byte {
	if m == nil {
		return append(b, "null"...)
	}
	var space [24]string
	b = append(b, '{')
	for i, k := range sorted(space[:0], m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, k)
		b = append(b, ':')
		b = AppendString(b, m[k])
	}
	return append(b, '}')
}

// AppendJSON appends the touches as a JSON object, with the tables sorted.
func (t Touches) AppendJSON(b []byte) []byte {
	if t == nil {
		return append(b, "null"...)
	}
	var space [16]string
	b = append(b, '{')
	for i, k := range sorted(space[:0], t) {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, k)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(t[k]), 10)
	}
	return append(b, '}')
}

// sorted gives the keys of a map in space, if they fit.
func sorted[M ~map[string]V, V any](space []string, m M) []string {
	keys := slices.AppendSeq(space, maps.Keys(m))
	slices.Sort(keys)
	return keys
}
