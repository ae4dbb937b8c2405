package scim

import (
	"encoding/json"
	"strings"
	"time"
)

// SCIM has no attribute for the last sign-in; servers that tell it put it where they like. place is where: an attribute, one
// within another, or one of an extension. The zero place is nowhere.
type place struct{ outer, inner string }

// placeOf reads "lastLogin", "meta.lastLogin" or "urn:example:User:lastLogin". The schema of an extension ends before the last
// colon; it may have dots.
func placeOf(text string) (place, error) {
	wrong := bad("last_sign_in", `must be an attribute ("lastLogin"), one within another ("meta.lastLogin") or one of an extension ("urn:...:lastLogin")`)
	if text == "" {
		return place{}, nil
	}
	p := place{outer: text}
	if strings.HasPrefix(strings.ToLower(text), "urn:") {
		i := strings.LastIndexByte(text, ':')
		p = place{text[:i], text[i+1:]}
		if strings.EqualFold(p.outer, userSchema) { // the core's own attributes stand at the top
			p = place{outer: p.inner}
		} else if p.inner == "" {
			return place{}, wrong
		}
	} else if outer, inner, deep := strings.Cut(text, "."); deep {
		if p = (place{outer, inner}); inner == "" || strings.Contains(inner, ".") {
			return place{}, wrong
		}
	}
	if p.outer == "" || strings.ContainsAny(text, " \t\"") {
		return place{}, wrong
	}
	return p, nil
}

// read gives the time that a resource holds there: zero where it holds none, or nothing that is a time, as with "never".
func (p place) read(resource json.RawMessage) time.Time {
	if p.outer == "" {
		return time.Time{}
	}
	value := member(resource, p.outer)
	if p.inner != "" {
		value = member(value, p.inner)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// member gives a member of an object; names are case-insensitive (RFC 7643 section 2.1).
func member(object json.RawMessage, name string) json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil {
		return nil
	}
	for k, v := range all {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}
