// Package errs holds the kinds of error a person may see.
//
// An error of one of these kinds carries a sentence written for the person who caused it and, for bad input, one message
// per field. Every other error is internal: it is logged with a reference and only the reference is shown.
package errs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what went wrong, in the terms of who has to do something about it.
type Kind string

// The kinds. The web answers them with 400, 401, 403, 404 and 409; the command line with exit codes 2 to 6.
const (
	KindInvalid         Kind = "invalid"
	KindUnauthenticated Kind = "unauthenticated"
	KindForbidden       Kind = "forbidden"
	KindNotFound        Kind = "not_found"
	KindConflict        Kind = "conflict"
	KindInternal        Kind = "internal"
)

// Field is one rule that one field of the input breaks. Field is a path such as "spec.columns.number".
type Field struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
}

// Error is an error that a person may see.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Field
	By      *Act // of a conflict: who was faster
	cause   error
	text    string // the message as the code writes it, before values stand in it: the key of a translation
	values  []any
}

// Act is what somebody did that stands in the way of what another one wanted to do.
type Act struct {
	Who   string // a name, or "" when it is not known
	Did   string // in the past tense, to be read after the name: "released this run"
	At    time.Time
	State string // a sentence: how it stands now; may be empty
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	var b strings.Builder
	b.WriteString(e.Message)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", f.Field, f.Rule)
	}
	return b.String()
}

// In gives the message as say has it in another language: say is told the text of the code and its values.
func (e *Error) In(say func(text string, values ...any) string) string {
	if len(e.values) == 0 {
		return say(e.Message)
	}
	values := make([]any, len(e.values))
	for i, v := range e.values {
		values[i] = v
		if inner, ok := v.(*Error); ok {
			values[i] = inner.In(say)
		}
	}
	return say(strings.ReplaceAll(e.text, "%w", "%s"), values...)
}

// Unwrap gives the error that led to this one, for logs.
func (e *Error) Unwrap() error { return e.cause }

// Invalid says that the input breaks a rule; the message says which and what to write instead.
func Invalid(format string, a ...any) *Error { return build(KindInvalid, format, a) }

// InvalidFields is Invalid with one message per field.
func InvalidFields(message string, fields []Field) *Error {
	return &Error{Kind: KindInvalid, Message: message, Fields: fields}
}

// NotFound says that the thing named does not exist, or not for this person.
func NotFound(format string, a ...any) *Error { return build(KindNotFound, format, a) }

// Forbidden says that this person may not do this.
func Forbidden(format string, a ...any) *Error { return build(KindForbidden, format, a) }

// Conflict says that the world has moved: somebody else decided first, or the thing is in another state.
func Conflict(format string, a ...any) *Error { return build(KindConflict, format, a) }

// ConflictBy is Conflict with who did what when, which pages show in the reader's time.
func ConflictBy(a Act) *Error {
	who := a.Who
	if who == "" {
		who = "somebody"
	}
	text := fmt.Sprintf("%s %s", who, a.Did)
	if !a.At.IsZero() {
		text += " at " + a.At.UTC().Format("2006-01-02 15:04 MST")
	}
	if a.State != "" {
		text += ". " + a.State
	}
	return &Error{Kind: KindConflict, Message: text, By: &a}
}

// Unauthenticated says that a sign-in or a token is needed.
func Unauthenticated(format string, a ...any) *Error { return build(KindUnauthenticated, format, a) }

// KindOf gives the kind of err: KindInternal for every error that is not one of ours.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

func build(k Kind, format string, a []any) *Error {
	err := fmt.Errorf(format, a...)
	return &Error{Kind: k, Message: err.Error(), cause: errors.Unwrap(err), text: format, values: a}
}
