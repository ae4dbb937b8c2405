package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/app"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/provision"
)

// A page is measured against a floor that answers the same request with the same bytes after asking the database exactly what
// Tenure asked it: the statements of every page are recorded once (by the driver itself, so nothing is left out, the session's
// included) and replayed. What Tenure takes beyond that is its own: deciding, composing, rendering, packing.

// Page is what was measured of one kind of page. Seconds are those of the slowest twentieth (p95).
type Page struct {
	Name     string  `json:"name"`
	Ratio    Spread  `json:"ratio"` // p95 of the product / p95 of the floor, of each repetition
	Product  Spread  `json:"product_p95_seconds"`
	Median   float64 `json:"product_p50_seconds"`
	Floor    Spread  `json:"floor_p95_seconds"`
	Requests int     `json:"requests"`   // different ones
	Queries  int     `json:"statements"` // of the one that asks most
	Trips    int     `json:"trips"`      // round trips to the database, likewise
	Bytes    int     `json:"bytes"`      // of the largest answer, packed as a browser asks for it
	Met      bool    `json:"met"`
}

// Goals of a page.
const (
	pageRatio   = 2.0
	pageSeconds = 0.010
	pageBytes   = 250_000 // with everything it needs, at a first visit
)

// pageRequests is how many requests one repetition makes of each kind: enough for a twentieth to mean something.
const pageRequests = 200

// pageSet is the portal over a large company, the floor beside it, and who asks.
type pageSet struct {
	*stage
	ctx     context.Context
	db      *db.DB
	record  *recorder
	portal  *httptest.Server
	floor   *httptest.Server
	as      map[string]*http.Client
	replays map[string]*replay // by client and address
}

// pages measures the pages of a company of n people who hold 20 grants each.
func (s *stage) pages(ctx context.Context, n int, o Options) (out []*Page, again *Recompute, err error) {
	p := &pageSet{stage: s, ctx: ctx, record: &recorder{}, as: map[string]*http.Client{}, replays: map[string]*replay{}}
	defer func() { err = errors.Join(err, p.close()) }()
	start := time.Now()
	if err := p.company(n); err != nil {
		return nil, nil, err
	}
	if err := p.open(o.Portal); err != nil {
		return nil, nil, err
	}
	_, _ = fmt.Fprintf(o.Log, "%d people for the pages are there after %.1f s\n", n, time.Since(start).Seconds())
	if again, err = p.recompute(o.Repeat); err != nil {
		return nil, nil, err
	}
	// Neither side pays for what loading and recomputing everybody left to be written and collected.
	if err := p.settle(ctx); err != nil {
		return nil, nil, err
	}
	runtime.GC()
	kinds, err := p.kinds()
	if err != nil {
		return nil, nil, err
	}
	for _, k := range kinds {
		page, err := p.measure(k, o.Repeat)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", k.name, err)
		}
		out = append(out, page)
	}
	return out, again, nil
}

func (p *pageSet) close() error {
	for _, s := range []*httptest.Server{p.portal, p.floor} {
		if s != nil {
			s.Close()
		}
	}
	if p.db != nil {
		p.db.Close()
	}
	return p.drop(p.ctx, pagesDatabase)
}

// open starts the portal and the floor, and signs the personas in.
func (p *pageSet) open(portal func(context.Context, *app.App) (http.Handler, error)) error {
	a := &app.App{Config: &config.Config{Listen: "127.0.0.1:0"}, DB: p.db, HR: app.NewHR(p.db),
		Provision: &provision.Service{DB: p.db, Kinds: app.Connectors}, Lifecycle: &lifecycle.Service{DB: p.db}}
	a.Notify = app.NewNotify(a.Config, p.db)
	h, err := portal(p.ctx, a)
	if err != nil {
		return err
	}
	p.portal = httptest.NewServer(h)
	p.floor = httptest.NewServer(http.HandlerFunc(p.answer))
	for i, role := range pagePersonas {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		ref, err := p.ref(number(i + 1))
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.portal.URL+"/signin/persona", strings.NewReader(url.Values{"person": {ref}}.Encode()))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := c.Do(r)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			return fmt.Errorf("%s cannot sign in: %s", role, res.Status)
		}
		p.as[role] = c
	}
	return nil
}

func (p *pageSet) ref(number string) (ref string, err error) {
	err = p.db.Pool.QueryRow(p.ctx, `select public_id::text from identity where number = $1`, number).Scan(&ref)
	return ref, err
}

// kind is one kind of page: the requests of which it is measured.
type kind struct {
	name string
	asks []ask
}

type ask struct{ role, path string }

func (p *pageSet) kinds() ([]kind, error) {
	rows, err := p.db.Pool.Query(p.ctx, `select public_id::text, split_part(name, ' ', 1) || ' ' || left(split_part(name, ' ', 2), 3) from identity
		where kind = 'person' and state = 'active' order by md5(public_id::text) limit $1`, pageRequests)
	if err != nil {
		return nil, err
	}
	var people, searches []ask
	var ref, name string
	if _, err := pgx.ForEachRow(rows, []any{&ref, &name}, func() error {
		people = append(people, ask{"it", "/people/" + ref})
		searches = append(searches, ask{"it", "/search?" + url.Values{"q": {name}}.Encode()})
		return nil
	}); err != nil {
		return nil, err
	}
	lists, err := p.lists()
	if err != nil {
		return nil, err
	}
	every := func(path string) (out []ask) {
		for _, role := range pagePersonas {
			out = append(out, ask{role, path})
		}
		return out
	}
	return []kind{{"people list", lists}, {"person", people}, {"home", every("/")}, {"inbox", every("/inbox")},
		{"dashboard", []ask{{"it", "/dashboard"}, {"compliance", "/dashboard"}}}, {"search", searches},
		{"team", []ask{{"manager", "/team"}}}, {"my access", every("/me")}}, nil
}

var nextPage = regexp.MustCompile(`<a[^>]* rel="next" href="([^"]+)"`)

// lists walks through the list of people as a reader does, page by page, and asks for some with filters.
func (p *pageSet) lists() ([]ask, error) {
	var out []ask
	for _, path := range []string{"/people", "/people?state=active", "/people?state=prehire", "/people?q=ala"} {
		for range 20 {
			out = append(out, ask{"it", path})
			body, _, err := p.ask(p.portal.URL, ask{"it", path}, false)
			if err != nil {
				return nil, err
			}
			m := nextPage.FindSubmatch(body)
			if m == nil {
				break
			}
			path = strings.ReplaceAll(string(m[1]), "&amp;", "&")
		}
	}
	return out, nil
}

// measure records what every request asks of the database, and then asks product and floor in turn.
func (p *pageSet) measure(k kind, repeat int) (*Page, error) {
	out := &Page{Name: k.name, Requests: len(k.asks)}
	for _, a := range k.asks {
		for range 2 { // the first fills caches; what a page asks of the database once for all is not its own
			p.record.begin()
			body, header, err := p.ask(p.portal.URL, a, true)
			trips := p.record.end()
			if err != nil {
				return nil, err
			}
			p.replays[a.role+a.path] = &replay{trips: trips, body: body, header: header}
			out.Bytes, out.Queries, out.Trips = max(out.Bytes, len(body)), max(out.Queries, len(slices.Concat(trips...))), max(out.Trips, len(trips))
		}
	}
	var ratios, products, floors, medians []float64
	for range repeat {
		var product, floor []float64
		for i := range pageRequests {
			a := k.asks[i%len(k.asks)]
			for j := range 2 {
				base, times := p.portal.URL, &product
				if (i+j)%2 == 1 {
					base, times = p.floor.URL, &floor
				}
				start := time.Now()
				_, _, err := p.ask(base, a, true)
				*times = append(*times, time.Since(start).Seconds())
				if err != nil {
					return nil, err
				}
			}
		}
		p95, f95 := at(product, 0.95), at(floor, 0.95)
		ratios, products, floors = append(ratios, p95/f95), append(products, p95), append(floors, f95)
		medians = append(medians, at(product, 0.5))
	}
	out.Ratio, out.Product, out.Floor, out.Median = of(ratios), of(products), of(floors), of(medians).Median
	out.Met = out.Ratio.Median <= pageRatio && out.Product.Median <= pageSeconds && out.Bytes <= pageBytes
	return out, nil
}

// at gives the value below which a part of the values lies.
func at(values []float64, part float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[min(len(values)-1, int(part*float64(len(values))))]
}

// ask makes one request, as a browser does when packed is true, and gives the answer's body as it came and its header. Any other
// answer than a page is an error.
func (p *pageSet) ask(base string, a ask, packed bool) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(p.ctx, http.MethodGet, base+a.path, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Encoding", "identity")
	if packed {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	r.Header.Set("X-Bench-As", a.role)
	res, err := p.as[a.role].Do(r)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s as %s is answered %s", a.path, a.role, res.Status)
	}
	return body, res.Header, err
}

// replay is what the floor does for one request.
type replay struct {
	trips  []trip
	body   []byte
	header http.Header
}

// answer is the floor: the same statements in the same round trips on one connection, every row read, and the same bytes.
func (p *pageSet) answer(w http.ResponseWriter, r *http.Request) {
	it := p.replays[r.Header.Get("X-Bench-As")+r.URL.RequestURI()]
	if it == nil {
		http.Error(w, "nothing is recorded for this", http.StatusNotFound)
		return
	}
	conn, err := p.db.Pool.Acquire(r.Context())
	if err == nil {
		defer conn.Release()
		err = it.run(r.Context(), conn.Conn())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for name, values := range it.header {
		if name != "Date" && name != "Set-Cookie" {
			w.Header()[name] = values
		}
	}
	_, _ = io.Copy(w, bytes.NewReader(it.body))
}

func (it *replay) run(ctx context.Context, conn *pgx.Conn) error {
	for _, t := range it.trips {
		if done, err := t.copy(ctx, conn); err != nil {
			return err
		} else if done {
			continue
		}
		if len(t) == 1 && len(t[0].args) == 0 { // commit
			if _, err := conn.Exec(ctx, t[0].sql); err != nil {
				return fmt.Errorf("%.60s: %w", t[0].sql, err)
			}
			continue
		}
		batch := &pgx.Batch{}
		for _, s := range t {
			batch.Queue(s.sql, s.args...).Query(func(rows pgx.Rows) error {
				for rows.Next() {
					_ = rows.RawValues()
				}
				return rows.Err()
			})
		}
		if err := conn.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("%.60s: %w", t[0].sql, err)
		}
	}
	return nil
}

// copy sends rows as they were copied; done is false for a trip of statements.
func (t trip) copy(ctx context.Context, conn *pgx.Conn) (done bool, err error) {
	switch s := t[0]; {
	case s.bulk != nil:
		_, err = conn.PgConn().CopyFrom(ctx, bytes.NewReader(s.bulk.Bytes()), s.sql)
	case s.few != nil:
		err = db.InsertRows(ctx, conn, s.sql, s.few, false)
	case s.table != "":
		_, err = conn.CopyFrom(ctx, pgx.Identifier{s.table}, s.columns, pgx.CopyFromRows(s.rows))
	default:
		return false, nil
	}
	return true, err
}
