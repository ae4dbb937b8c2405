package file

import "strings"

// row is one row of a file before it has a meaning. Its cells are valid until the next row is asked for.
type row struct {
	line  int // where it begins, 1-based
	lines int // how many lines it goes on for beyond the first, inside quotes
	cells []string
	odd   []bool // per cell: a byte of it is not printable ASCII, so it needs a closer look
	fault string // the quotes of this row are broken, from cell number len(cells) on
}

func (w *row) empty() bool {
	for _, c := range w.cells {
		if c != "" && strings.TrimSpace(c) != "" {
			return false
		}
	}
	return w.fault == ""
}

// lexer splits CSV text into rows as RFC 4180 writes them, with the line ends LF, CRLF and CR in any mixture. It differs
// from encoding/csv in what it does with a broken row: that costs this row alone, and reading goes on with the line
// after the one where it began.
//
// A row is read again from its second line on only when its quotes are broken. Where quotes are right, the text inside
// them is never taken for rows, so that nobody can write a person into the file by way of a comment field. A file cut
// inside such a field looks like one with a stray quote; that is why unclosed counts against a file that proves its
// length.
type lexer struct {
	s        string
	pos      int
	line     int
	sep      byte
	quote    byte
	quotes   bool
	class    [256]uint8
	w        row
	unclosed int  // line of the first row with a quote that is open until the end of the file; 0 = none
	again    int  // bytes that may still be read a second time
	tangled  bool // more was to be read again than that: the quotes of the file make no sense
}

// Classes of bytes, as bits.
const (
	stops = 1 << iota // ends an unquoted cell
	odd               // is not printable ASCII
)

func newLexer(text string, sep, quote byte, quotes bool) *lexer {
	l := &lexer{s: text, line: 1, sep: sep, quote: quote, quotes: quotes}
	// Every text of this size is read in a moment even at this rate; without a bound a few kilobytes of stray quotes
	// cost hours.
	l.again = 8*len(text) + 1<<20
	for c := range l.class {
		if c < ' ' || c > '~' {
			l.class[c] = odd
		}
	}
	l.class[sep] |= stops
	l.class['\n'] |= stops
	l.class['\r'] |= stops
	return l
}

// expect guesses how many rows there are. Few rows are shorter than 16 bytes; a file of empty lines must not make room
// for millions.
func (l *lexer) expect() int {
	rest := l.s[l.pos:]
	return min(strings.Count(rest, "\n")+1, len(rest)/16+1)
}

// skipLines leaves out n lines, whatever they hold.
func (l *lexer) skipLines(n int) {
	for ; n > 0 && l.pos < len(l.s); n-- {
		l.pos = l.endOfLine(l.pos)
		l.lineBreak()
	}
}

// next gives the next row that is not an empty line, nil at the end.
func (l *lexer) next() *row {
	for l.lineBreak() {
	}
	if l.pos == len(l.s) || l.tangled {
		return nil
	}
	start := l.pos
	l.w = row{line: l.line, cells: l.w.cells[:0], odd: l.w.odd[:0]}
	for more := true; more; {
		cell, kind, fault := l.cell()
		if fault != "" {
			l.w.fault = fault
			l.restart(start)
			return &l.w
		}
		l.w.cells = append(l.w.cells, cell)
		l.w.odd = append(l.w.odd, kind&odd != 0)
		if more = l.pos < len(l.s) && l.s[l.pos] == l.sep; more {
			l.pos++
		}
	}
	l.w.lines = l.line - l.w.line
	l.lineBreak()
	return &l.w
}

// openEnded says whether the last line of the text lacks its line break.
func (l *lexer) openEnded() bool {
	return l.s != "" && l.s[len(l.s)-1] != '\n' && l.s[len(l.s)-1] != '\r'
}

// cell reads one cell and stops at what ends it. seen holds the classes of the cell's bytes.
func (l *lexer) cell() (text string, seen uint8, fault string) {
	s, i := l.s, l.pos
	if l.quotes && i < len(s) && s[i] == l.quote {
		return l.quotedCell()
	}
	for i < len(s) {
		c := l.class[s[i]]
		if c&stops != 0 {
			break
		}
		seen |= c
		i++
	}
	text = s[l.pos:i]
	l.pos = i
	return text, seen, ""
}

func (l *lexer) quotedCell() (text string, seen uint8, fault string) {
	s, i, doubled := l.s, l.pos+1, false
	for {
		j := strings.IndexByte(s[i:], l.quote)
		if j < 0 {
			l.pos = len(s)
			if l.unclosed == 0 {
				l.unclosed = l.w.line
			}
			return "", 0, "opens a quote that is never closed"
		}
		i += j + 1
		if i == len(s) || s[i] != l.quote {
			break
		}
		doubled = true
		i++
	}
	text = s[l.pos+1 : i-1]
	l.pos = i
	if i < len(s) && l.class[s[i]]&stops == 0 {
		return "", 0, "has a quote inside a quoted cell that is not doubled, or a quote that is not closed on its line"
	}
	for k := range len(text) {
		seen |= l.class[text[k]]
		if text[k] == '\n' || text[k] == '\r' && (k+1 == len(text) || text[k+1] != '\n') {
			l.line++
		}
	}
	if doubled {
		q := string(l.quote)
		text = strings.ReplaceAll(text, q+q, q)
	}
	return text, seen, ""
}

// restart goes back to the line after the one where the row at start began.
func (l *lexer) restart(start int) {
	end := l.endOfLine(start)
	if l.again -= l.pos - end; l.again < 0 {
		l.tangled = true
	}
	l.pos, l.line = end, l.w.line
	l.lineBreak()
}

func (l *lexer) endOfLine(i int) int {
	for i < len(l.s) && l.s[i] != '\n' && l.s[i] != '\r' {
		i++
	}
	return i
}

// lineBreak passes one line break, if one is here.
func (l *lexer) lineBreak() bool {
	if l.pos == len(l.s) || l.s[l.pos] != '\n' && l.s[l.pos] != '\r' {
		return false
	}
	if strings.HasPrefix(l.s[l.pos:], "\r\n") {
		l.pos++
	}
	l.pos++
	l.line++
	return true
}
