package web

import (
	"errors"
	"strconv"
	"strings"

	"tenure/internal/errs"
	"tenure/templates/ui"
)

// longest is how many bytes of a field of a form are taken; it bounds what stands in evidence and on pages.
const longest = 2000

// field gives a field of the form that was posted, without spaces around it.
func (r *request) field(name string) string {
	v := strings.TrimSpace(r.PostForm(name))
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
	return nil
}

// asInvalid keeps an error about size and makes every other one about a body the sender's.
func asInvalid(err error) error {
	if statusOf(err) == 413 {
		return err
	}
	return errs.Invalid("the form could not be read")
}

// number gives the number in the path that a route calls name; a text that is none names nothing there is.
func (r *request) number(name string) (int, error) {
	n, err := strconv.Atoi(r.Param(name))
	if err != nil || n <= 0 {
		return 0, nothing(name)
	}
	return n, nil
}

// cursor gives a number in the query, 0 when it is missing or wrong: the list then starts from its beginning.
func (r *request) cursor(name string) int {
	n, err := strconv.Atoi(r.Query(name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// faults turns an error about input into messages for the fields of a form. names maps the field of the error to that of the
// form. ok is false for every other error, which is answered by a page of its own.
func faults(err error, names map[string]string) (out ui.Errors, ok bool) {
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.KindInvalid && e.Kind != errs.KindConflict && e.Kind != errs.KindForbidden || e.By != nil { // who was faster has a page
		return nil, false
	}
	for _, f := range e.Fields {
		name := f.Field
		if n, known := names[name]; known {
			name = n
		}
		out = append(out, ui.FieldError{Field: name, Text: sentence(strings.ReplaceAll(name, "_", " ") + " " + f.Rule)})
	}
	if len(out) == 0 {
		out = ui.Errors{{Field: names[""], Text: sentence(e.Message)}}
	}
	return out, true
}
