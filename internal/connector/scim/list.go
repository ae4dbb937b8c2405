package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// resource is a User or a Group as the wire has it.
type resource interface {
	ident() string
	// has says whether an attribute has this value, as RFC 7643 compares it.
	has(attr, value string) bool
	// sample gives one value of an attribute, empty when there is none.
	sample(attr string) string
}

// listPage is a ListResponse (RFC 7644 section 3.4.2).
type listPage struct {
	TotalResults *int
	Resources    []json.RawMessage
}

// errMoved: the list changed while it was read, or the server repeats itself.
var errMoved = errors.New("the list is not complete")

func (t *target) page(ctx context.Context, path string, query url.Values, start, count int) (*listPage, error) {
	q := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}
	for k, v := range query {
		q[k] = v
	}
	p := &listPage{}
	if _, err := t.get(ctx, path, q, 0, p); err != nil {
		return nil, err
	}
	if p.TotalResults == nil || *p.TotalResults < 0 {
		return nil, &shapeError{http.MethodGet + " " + path[1:], "without totalResults"}
	}
	return p, nil
}

// listAll reads a whole list, or fails: it has exactly totalResults different resources. A list that changes while it is read is
// read again, three times in all.
func listAll[T resource](ctx context.Context, t *target, path string, query url.Values) ([]T, error) {
	var err error
	for range 3 {
		var out []T
		if out, err = listOnce[T](ctx, t, path, query); !errors.Is(err, errMoved) {
			return out, err
		}
	}
	return nil, err
}

func listOnce[T resource](ctx context.Context, t *target, path string, query url.Values) ([]T, error) {
	var out []T
	seen := map[string]bool{}
	total, count := -1, t.pageSize
	for {
		p, err := t.page(ctx, path, query, len(out)+1, count)
		if errors.Is(err, errTooLarge) && path == "/Groups" && count > 1 {
			count = max(count/4, 1) // groups with many members: fewer a page
			continue
		}
		if behind := total >= 0 && len(out) == total; behind && (statusOf(err) == http.StatusBadRequest || statusOf(err) == http.StatusNotFound) {
			return out, nil // there is no page behind the last
		}
		if err != nil {
			return nil, err
		}
		if total < 0 {
			total = *p.TotalResults
		}
		fresh, err := take(t, path, p, seen, &out)
		switch {
		case err != nil:
			return nil, err
		case *p.TotalResults != total:
			return nil, fmt.Errorf("%w: %s had %d resources, then %d", errMoved, path[1:], total, *p.TotalResults)
		case len(out) > total:
			return nil, fmt.Errorf("%w: %s says %d resources and lists more", errMoved, path[1:], total)
		case len(out) < total && fresh == 0:
			return nil, fmt.Errorf("%w: %s lists %d of %d resources", errMoved, path[1:], len(out), total)
		case len(out) < total && fresh < len(p.Resources):
			return nil, fmt.Errorf("%w: %s lists a resource twice", errMoved, path[1:])
		case len(out) == total && (fresh == 0 || fresh < total || fresh < count && query.Has("filter")):
			return out, nil
		}
		// Not all yet; or one page says it is the whole list. Some servers count the page instead of the list, so look behind
		// it: honest servers answer there with nothing, or with the same page again.
	}
}

// take adds the resources of a page that were not seen before and says how many.
func take[T resource](t *target, path string, p *listPage, seen map[string]bool, out *[]T) (fresh int, err error) {
	for _, raw := range p.Resources {
		var r T
		if err := json.Unmarshal(raw, &r); err != nil || r.ident() == "" {
			return 0, &shapeError{http.MethodGet + " " + path[1:], "with a resource that cannot be read"}
		}
		if u, ok := any(&r).(*user); ok {
			u.lastSignIn = t.signIn.read(raw)
		}
		if !seen[r.ident()] {
			seen[r.ident()] = true
			*out = append(*out, r)
			fresh++
		}
	}
	return fresh, nil
}
