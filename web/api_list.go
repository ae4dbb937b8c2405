package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"tenure/internal/db"
)

// Paging are the parameters of every list.
type Paging struct {
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"100" default:"25" doc:"How many at most."`
	Cursor string `json:"cursor,omitempty" maxLength:"2000" doc:"next_cursor of the page before. It is good for the same filters and the same person only."`
}

const limitUsual = 25

func (p Paging) most() int {
	if p.Limit == 0 {
		return limitUsual
	}
	return p.Limit
}

// pageOf is one page of a list, in an order that stays.
type pageOf[T any] struct {
	Items   []T    `json:"items" nullable:"false" doc:"What this page has."`
	HasMore bool   `json:"has_more" doc:"Whether there are more."`
	Next    string `json:"next_cursor,omitempty" doc:"The parameter cursor of the next page; not there on the last."`
}

func (pageOf[T]) page() {}

// cursorPlace is what a cursor is bound to: the reader and what they asked for. q is the query without its page.
func (r *request) cursorPlace(q any) (string, error) {
	body, err := json.Marshal(q)
	return "api/cursor/" + strconv.Itoa(r.who.ID) + r.FullPath() + "?" + r.Param("id") + string(body), err
}

// after opens the cursor: the place behind which the page begins; nil for the first page.
func (r *request) after(p Paging, q any) ([]string, error) {
	if p.Cursor == "" {
		return nil, nil
	}
	place, err := r.cursorPlace(q)
	if err != nil {
		return nil, err
	}
	var at []string
	sealed, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		var plain []byte
		if plain, err = r.s.app.DB.Keeper.Open(place, sealed); err == nil {
			err = json.Unmarshal(plain, &at)
		}
	}
	if err != nil {
		return nil, refusal(http.StatusBadRequest, codeCursor, "the cursor is not of this list; begin at the first page").
			with(problemField{Parameter: "cursor", Detail: "It was not made for this person and these filters."})
	}
	return at, nil
}

// dbPage is the page as the rooms take it.
func (r *request) dbPage(p Paging, q any, sort string) (db.Page, error) {
	at, err := r.after(p, q)
	return db.Page{Sort: sort, After: at, Limit: p.most()}, err
}

// next seals the place of the last line of a page.
func (r *request) next(q any, at ...string) (string, error) {
	place, err := r.cursorPlace(q)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	sealed, err := r.s.app.DB.Keeper.Seal(place, plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// fromMemory gives one page of a list that is at hand whole, in the order of a key that tells its lines apart.
func fromMemory[T, V any](r *request, p Paging, q any, all []T, key func(T) string, show func(T) V) (out pageOf[V], err error) {
	at, err := r.after(p, q)
	if err != nil {
		return out, err
	}
	out.Items = []V{}
	last := ""
	for _, x := range all {
		switch k := key(x); {
		case len(at) > 0 && k <= at[0]:
			continue
		case len(out.Items) == p.most():
			out.HasMore = true
			out.Next, err = r.next(q, last)
			return out, err
		default:
			out.Items, last = append(out.Items, show(x)), k
		}
	}
	return out, nil
}
