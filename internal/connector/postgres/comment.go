package postgres

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/connector"
)

// comment is a role's comment, taken apart. A comment that is not ours has no marker and is all text.
type comment struct {
	marked bool
	id     string // the external id; empty on an adopted account
	text   string // the display name, or the foreign comment
}

// parseComment is tolerant: whatever does not begin with the marker and a colon is somebody else's text.
func parseComment(marker, s string) comment {
	rest, ok := strings.CutPrefix(s, marker+":")
	if !ok {
		return comment{text: s}
	}
	id, text, _ := strings.Cut(rest, " ")
	if id == "-" {
		id = ""
	}
	return comment{marked: true, id: id, text: text}
}

func (c comment) String(marker string) string {
	if !c.marked {
		return c.text
	}
	id := c.id
	if id == "" {
		id = "-"
	}
	return strings.TrimRight(marker+":"+id+" "+c.text, " ")
}

// ident quotes a name.
func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a string; standard_conforming_strings is on.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// maxName is the longest role name in bytes (NAMEDATALEN - 1). PostgreSQL cuts longer names without an error, and a cut name is
// another name.
const maxName = 63

func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: the login name is empty", connector.ErrRefused)
	case len(name) > maxName:
		return fmt.Errorf("%w: a role name has at most %d bytes", connector.ErrRefused, maxName)
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("%w: a role name has no zero byte", connector.ErrRefused)
	}
	return nil
}
