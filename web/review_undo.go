package web

import (
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/lifecycle"
)

// reviewUndo takes drafts back: lines, or all that one act decided.
func (s *server) reviewUndo(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	if r.field("step") != "" {
		return s.reviewUndoStep(r)
	}
	items, err := r.picked(r.Request.PostForm["items"])
	if err != nil {
		return err
	}
	var id int
	if err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		_, err = lifecycle.Campaigns.Undo(tx, id, items)
		return err
	}); err != nil {
		return err
	}
	if r.field("from") == "batch" {
		return r.goTo(reviewURL(id) + "/batch")
	}
	return r.goTo(link(reviewURL(id), "view", r.field("view"), "at", strconv.FormatInt(items[0], 10)))
}

func (s *server) reviewUndoStep(r *request) error {
	var id int
	if err := r.do(func(tx *db.Tx) error {
		v, err := r.reviewOf(tx)
		if err != nil {
			return err
		}
		id = v.ID
		at, err := strconv.ParseInt(r.field("step"), 10, 64)
		if err != nil {
			return nothing("step")
		}
		_, err = lifecycle.Campaigns.UndoStep(tx, id, time.UnixMicro(at))
		return err
	}); err != nil {
		return err
	}
	return r.goTo(link(reviewURL(id), "view", r.field("view"), "at", r.field("at")))
}
