package scim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/uuid"

	"tenure/internal/connector"
)

// features is what is known of a server: what it says in ServiceProviderConfig (RFC 7643 section 5), read once, corrected by
// what it does.
type features struct {
	patchSetting, filterSetting string // auto, yes, no

	mu      sync.Mutex
	asked   bool
	patch   bool
	filter  bool
	verdict map[string]verdict // by endpoint and attribute
	known   map[string]known   // a value that is known to be there, by endpoint and attribute
}

type verdict int

const (
	unproven verdict = iota
	works
	broken
)

// known is an attribute value and the resource that has it.
type known struct{ value, id string }

// load reads the configuration. A server that has none, or does not show it, is taken at the standard's word: it patches and filters
// until it says otherwise.
func (t *target) load(ctx context.Context) error {
	f := &t.features
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked {
		return nil
	}
	type option struct{ Supported *flag }
	var config struct{ Patch, Filter option }
	if f.patchSetting == "auto" || f.filterSetting == "auto" {
		_, err := t.get(ctx, "/ServiceProviderConfig", nil, 0, &config)
		var status *statusError
		var shape *shapeError
		refused := errors.As(err, &status) && status.status < 500 && connector.Classify(err) != connector.ClassThrottled
		if err != nil && !refused && !errors.As(err, &shape) && statusOf(err) != http.StatusNotImplemented {
			return err
		}
	}
	decide := func(setting string, said option) bool {
		return setting == "yes" || setting != "no" && (said.Supported == nil || said.Supported.on())
	}
	f.patch, f.filter = decide(f.patchSetting, config.Patch), decide(f.filterSetting, config.Filter)
	f.asked, f.verdict, f.known = true, map[string]verdict{}, map[string]known{}
	return nil
}

func (t *target) patches(ctx context.Context) (bool, error) {
	err := t.load(ctx)
	t.features.mu.Lock()
	defer t.features.mu.Unlock()
	return t.features.patch, err
}

// cannotPatch notes that the server answered a PATCH with 405 or 501. A setting of yes is not overruled.
func (t *target) cannotPatch(err error) bool {
	if s := statusOf(err); s != http.StatusMethodNotAllowed && s != http.StatusNotImplemented {
		return false
	}
	t.features.mu.Lock()
	defer t.features.mu.Unlock()
	if t.features.patchSetting == "yes" {
		return false
	}
	t.features.patch = false
	return true
}

func (t *target) judge(what string) verdict {
	f := &t.features
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.filter:
		return broken
	case f.filterSetting == "yes":
		return works
	}
	return f.verdict[what]
}

func (t *target) sentence(what string, v verdict) {
	t.features.mu.Lock()
	defer t.features.mu.Unlock()
	t.features.verdict[what] = v
}

func (t *target) remember(what string, k known) {
	if k.value == "" || k.id == "" || !plain(k.value) {
		return
	}
	t.features.mu.Lock()
	defer t.features.mu.Unlock()
	if t.features.known != nil {
		t.features.known[what] = k
	}
}

func (t *target) recall(what string) known {
	t.features.mu.Lock()
	defer t.features.mu.Unlock()
	return t.features.known[what]
}

// plain says whether a value can stand in a filter on every server: some do not undo the escapes of RFC 7644 section 3.4.2.2.
func plain(value string) bool { return !strings.ContainsAny(value, "\"\\") }

// filterRefused says whether an error is the server's answer to the filter itself, so that reading the list may still work.
func filterRefused(err error) bool {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotImplemented, http.StatusForbidden, http.StatusRequestURITooLong, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

func filterBy(attr, value string) url.Values {
	return url.Values{"filter": {attr + ` eq "` + value + `"`}}
}

// find gives the resources whose attribute has a value. A filter is asked first; that it found nothing is believed only of a
// filter that was seen to work, else the whole list is read.
func find[T resource](ctx context.Context, t *target, path, attr, value string, extra url.Values) ([]T, error) {
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	what := path + " " + attr
	if v := t.judge(what); v != broken && plain(value) {
		found, err := listAll[T](ctx, t, path, merge(filterBy(attr, value), extra))
		switch {
		case filterRefused(err):
			t.sentence(what, broken)
		case err != nil:
			return nil, err
		default:
			hits := matching(found, attr, value)
			if len(hits) > 0 {
				if len(hits) == len(found) {
					t.sentence(what, works)
				}
				return hits, nil
			}
			if v == unproven {
				v, err = prove[T](ctx, t, path, attr)
			}
			if err != nil || v == works {
				return nil, err
			}
		}
	}
	all, err := listAll[T](ctx, t, path, extra)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if s := r.sample(attr); s != "" {
			t.remember(what, known{s, r.ident()})
			break
		}
	}
	return matching(all, attr, value), nil
}

func matching[T resource](list []T, attr, value string) []T {
	var out []T
	for _, r := range list {
		if r.has(attr, value) {
			out = append(out, r)
		}
	}
	return out
}

func merge(a, b url.Values) url.Values {
	for k, v := range b {
		a[k] = v
	}
	return a
}

// prove asks the server for something that is known to be there, and for something that is not. It stays unproven while
// nothing is known to be there.
func prove[T resource](ctx context.Context, t *target, path, attr string) (verdict, error) {
	what := path + " " + attr
	for _, fresh := range []bool{false, true} {
		k := t.recall(what)
		if fresh {
			var err error
			if k, err = firstKnown[T](ctx, t, path, attr); err != nil {
				return unproven, err
			}
			if k.value == "" {
				return unproven, nil
			}
			t.remember(what, k)
		}
		if k.value == "" {
			continue
		}
		ok, err := confirms[T](ctx, t, path, attr, k)
		if err != nil {
			return unproven, err
		}
		if ok {
			t.sentence(what, works)
			return works, nil
		}
	}
	t.sentence(what, broken)
	return broken, nil
}

// confirms says whether a filter finds what is there and does not find what is not.
func confirms[T resource](ctx context.Context, t *target, path, attr string, k known) (bool, error) {
	lean := url.Values{}
	if path == "/Groups" {
		lean = withoutMembers()
	}
	there, err := listAll[T](ctx, t, path, merge(filterBy(attr, k.value), lean))
	if filterRefused(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	hit := false
	for _, r := range there {
		hit = hit || r.ident() == k.id
	}
	if !hit {
		return false, nil
	}
	nowhere, err := listAll[T](ctx, t, path, merge(filterBy(attr, uuid.NewString()), lean))
	if filterRefused(err) {
		return false, nil
	}
	return err == nil && len(nowhere) == 0, err
}

// firstKnown looks for a value on the first page.
func firstKnown[T resource](ctx context.Context, t *target, path, attr string) (known, error) {
	p, err := t.page(ctx, path, nil, 1, min(t.pageSize, 20))
	if err != nil {
		return known{}, err
	}
	var list []T
	if _, err := take(t, path, p, map[string]bool{}, &list); err != nil {
		return known{}, err
	}
	for _, r := range list {
		if s := r.sample(attr); s != "" && plain(s) {
			return known{s, r.ident()}, nil
		}
	}
	return known{}, nil
}

func withoutMembers() url.Values { return url.Values{"excludedAttributes": {"members"}} }
