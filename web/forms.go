package web

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tenure/internal/errs"
	"tenure/templates/ui"
)

// longest is how many bytes of a field of a form are taken; it bounds what stands in evidence and on pages.
const longest = 2000

// field gives a field of the form that was posted, without spaces around it.
func (r *request) field(name string) string {
	v := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(r.PostForm(name), ""), "\x00", ""))
	if len(v) > longest {
		return strings.ToValidUTF8(v[:longest], "")
	}
	return v
}

// form reads the body of a posted form, so that one that is too large is told as such.
func (r *request) form() error {
	if err := r.Request.ParseForm(); err != nil {
		return asInvalid(err)
	}
	for _, all := range r.Request.PostForm {
		for _, v := range all {
			if !isText(v) {
				return errs.Invalid("the form could not be read")
			}
		}
	}
	return nil
}

// isText says whether a value can stand in the database: what is no text names nothing there is.
func isText(v string) bool { return utf8.ValidString(v) && !strings.Contains(v, "\x00") }

// legible refuses an address that holds what is no text.
func (r *request) legible() error {
	for _, p := range r.Params {
		if !isText(p.Value) {
			return nothing("page")
		}
	}
	if r.Request.URL.RawQuery == "" {
		return nil
	}
	for name, all := range r.Request.URL.Query() {
		for _, v := range all {
			if !isText(name + v) {
				return errs.Invalid("the address could not be read")
			}
		}
	}
	return nil
}

// asInvalid keeps an error about size and makes every other one about a body the sender's.
func asInvalid(err error) error {
	if statusOf(err) == 413 {
		return err
	}
	return errs.Invalid("the form could not be read")
}

// number gives the number in the path that a route calls name; a text that is none names nothing there is, nor does a number
// larger than those by which the database names things.
func (r *request) number(name string) (int, error) {
	n, err := r.long(name)
	if err != nil || n > math.MaxInt32 {
		return 0, nothing(name)
	}
	return int(n), nil
}

// long is number for what the database counts in 64 bits: operations.
func (r *request) long(name string) (int64, error) {
	n, err := strconv.ParseInt(r.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, nothing(name)
	}
	return n, nil
}

// version gives the version of what a form was filled in for; one that cannot be is that of nothing.
func (r *request) version() int {
	n, _ := strconv.ParseInt(r.field("version"), 10, 32) // 0, or the largest number there is
	return int(n)
}

// cursor gives a number in the query, 0 when it is missing or wrong: the list then starts from its beginning.
func (r *request) cursor(name string) int { return int(min(r.longCursor(name), math.MaxInt32)) }

// longCursor is cursor for what the database counts in 64 bits: operations and events.
func (r *request) longCursor(name string) int64 {
	n, err := strconv.ParseInt(r.Query(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// faults turns an error about input into messages for the fields of a form. names maps the field of the error to that of the
// form. ok is false for every other error, which is answered by a page of its own.
func (r *request) faults(err error, names map[string]string) (out ui.Errors, ok bool) {
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid && e.Kind != errs.KindConflict && e.Kind != errs.KindForbidden || e.By != nil { // who was faster has a page
		return nil, false
	}
	for _, f := range e.Fields {
		name := f.Field
		if n, known := names[name]; known {
			name = n
		}
		out = append(out, ui.FieldError{Field: name, Text: sentence(r.T("%s %s", r.T(strings.ReplaceAll(name, "_", " ")), r.T(f.Rule)))})
	}
	if len(out) == 0 {
		out = ui.Errors{{Field: names[""], Text: sentence(e.In(r.T))}}
	}
	return out, true
}
