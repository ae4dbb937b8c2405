package file

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/errs"
	"tenure/internal/hr/source"
)

// ReadOptions is what is known about one file beyond the mapping of its source.
type ReadOptions struct {
	// DeclaredRows is the number of data rows that whoever delivers the file says it has; 0 = not declared. A file with
	// another number, or whose last row lacks its line break, is broken: it may be cut.
	DeclaredRows int
}

// Read reads one file by a mapping. What is wrong with rows, or with the file as a whole, is in the Reading. An error is
// returned when the mapping is not valid or the file is above limits.max_bytes (errs.Invalid), when r fails, and when
// ctx ends.
func Read(ctx context.Context, r io.Reader, m *source.Mapping, opt ReadOptions) (*source.Reading, error) {
	if bad := m.Validate(); len(bad) > 0 {
		return nil, errs.InvalidFields("the mapping of the file is not valid", bad)
	}
	rd := &reader{m: m.WithDefaults(), out: &source.Reading{}, zones: map[string]bool{}}
	raw, err := rd.load(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := rd.read(ctx, raw, opt); err != nil {
		return nil, err
	}
	if rd.broken != "" {
		rd.out = &source.Reading{SHA256: rd.out.SHA256, Rows: rd.out.Rows, Broken: rd.broken}
	}
	return rd.out, nil
}

// load takes the bytes of the file into memory and hashes them on the way.
func (r *reader) load(ctx context.Context, in io.Reader) (string, error) {
	limit := r.m.Limits.MaxBytes
	var b strings.Builder
	if sized, ok := in.(interface{ Len() int }); ok && int64(sized.Len()) <= limit {
		b.Grow(sized.Len())
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, &b), io.LimitReader(patient{ctx, in}, limit+1))
	if err != nil {
		return "", fmt.Errorf("read HR file: %w", err)
	}
	if n > limit {
		return "", errs.Invalid("the file is larger than %d bytes: raise limits.max_bytes of the source, or split the file", limit)
	}
	sum.Sum(r.out.SHA256[:0])
	return b.String(), nil
}

// patient is a reader that gives up when its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

func (r *reader) read(ctx context.Context, raw string, opt ReadOptions) error {
	if raw == "" {
		r.broken = "the file is empty"
		return nil
	}
	var in rows
	if r.m.Format == source.XLSX {
		s, broken := openSheet(raw, &r.m)
		if r.broken = broken; broken != "" {
			return nil
		}
		defer s.close()
		in = s
	} else {
		l := r.openText(raw)
		if r.broken != "" {
			return nil
		}
		in = l
	}
	if err := r.body(ctx, in); err != nil || r.broken != "" {
		return err
	}
	r.whole(in, opt)
	r.withoutDuplicates()
	return nil
}

func (r *reader) openText(raw string) *lexer {
	text, broken := decode(raw, r.m.Encoding)
	if r.broken = broken; broken != "" {
		return nil
	}
	quote, quotes := r.m.QuoteMark()
	l := newLexer(text, r.m.Separator(), quote, quotes)
	l.skipLines(r.m.HeaderRow - 1)
	return l
}

// body reads the header and then all rows.
func (r *reader) body(ctx context.Context, in rows) error {
	header := in.next()
	if header == nil {
		r.broken = fmt.Sprintf("the file has no header: row %d and all after it are empty", r.m.HeaderRow)
		return nil
	}
	if header.fault != "" {
		r.broken = fmt.Sprintf("the header in row %d %s", header.line, header.fault)
		return nil
	}
	if r.plan, r.broken = newPlan(&r.m, header.cells); r.broken != "" {
		return nil
	}
	r.prepare(in)
	for n := 0; r.broken == ""; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		w := in.next()
		if w == nil {
			break
		}
		r.row(w)
	}
	return nil
}

// prepare makes room for the rows that are to come.
func (r *reader) prepare(in rows) {
	n := 0
	switch in := in.(type) {
	case *sheet:
		in.layout(r.plan)
	case *lexer:
		n = in.expect()
	}
	r.out.Records = make([]source.Record, 0, n)
	r.values = make([]string, n*len(r.plan.attrs))
	r.seen = newSightings(n)
}

// whole finds out whether the file may be cut, from what it says about itself and what was declared about it.
func (r *reader) whole(in rows, opt ReadOptions) {
	n, t := r.out.Rows, r.m.Trailer
	switch in := in.(type) {
	case *lexer:
		if in.tangled {
			r.broken = "the quotes of the file do not pair up: too many rows open a quote and never close it; see quote in the mapping"
			return
		}
		if in.unclosed > 0 && (t != nil || opt.DeclaredRows > 0) {
			r.broken = fmt.Sprintf("row %d opens a quote that is never closed, so the file may be cut after %d rows", in.unclosed, n)
			return
		}
		if t == nil && opt.DeclaredRows > 0 && in.openEnded() {
			r.broken = fmt.Sprintf("the last row has no line break at its end, so it may be cut (%d rows declared, %d seen)", opt.DeclaredRows, n)
			return
		}
	case *sheet:
		if r.broken = in.broken; r.broken != "" {
			return
		}
	}
	count, err := strconv.ParseUint(r.trailer, 10, 31)
	switch {
	case t != nil && r.trailerLine == 0 && n > 0:
		r.broken = fmt.Sprintf("the file ends after %d rows without the trailer %q that counts them: it may be cut", n, t.StartsWith)
	case t != nil && r.trailerLine > 0 && err != nil:
		r.broken = fmt.Sprintf("the trailer in row %d has no number of rows in column %d; the file has %d", r.trailerLine, t.CountColumn, n)
	case t != nil && r.trailerLine > 0 && int(count) != n:
		r.broken = fmt.Sprintf("the trailer in row %d counts %d rows and the file has %d: it may be cut", r.trailerLine, count, n)
	case r.m.RowCount && opt.DeclaredRows == 0:
		r.broken = fmt.Sprintf("this source wants the number of rows stated with each file, and none was; the file has %d", n)
	case opt.DeclaredRows > 0 && opt.DeclaredRows != n:
		r.broken = fmt.Sprintf("%d rows were declared and the file has %d: it may be cut", opt.DeclaredRows, n)
	case n == 0 && (r.m.Mode == source.Full || t == nil || r.trailerLine == 0): // a delta that counts 0 changes is whole
		r.broken = "the file has a header and no rows"
	}
}

func (r *reader) withoutDuplicates() {
	rejects, gone := r.seen.rejects(r.out.Records)
	if len(rejects) == 0 {
		return
	}
	kept := r.out.Records[:0]
	for i, rec := range r.out.Records {
		if !gone[i] {
			kept = append(kept, rec)
		}
	}
	r.out.Records = kept
	r.out.Rejects = append(r.out.Rejects, rejects...)
	slices.SortFunc(r.out.Rejects, func(a, b source.Reject) int { return a.Row - b.Row })
}
