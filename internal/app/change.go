package app

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"

	"tenure/internal/access"
	"tenure/internal/change"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/hr"
	"tenure/internal/identity"
	"tenure/internal/lifecycle"
)

// ChangeDeps gives what applying policy files needs from the rooms.
func ChangeDeps() change.Deps {
	return change.Deps{Kinds: Connectors, Source: declareSource, Attributes: hr.AttributeNames, Settle: settleEverybody}
}

func declareSource(tx *db.Tx, name string, raw []byte) (bool, error) {
	spec, err := sourceSpec(name, raw)
	if err != nil {
		return false, err
	}
	return hr.Declare(tx, name, spec)
}

func sourceSpec(name string, raw []byte) (spec hr.Spec, err error) {
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&spec); err != nil {
		return spec, errs.InvalidFields(fmt.Sprintf("HR source %s", name), []errs.Field{{Field: "spec", Rule: err.Error()}})
	}
	return spec, nil
}

// SourceAttributes gives the names of the attributes that an HR source sends, by its spec in a policy file.
func SourceAttributes(name string, raw []byte) ([]string, error) {
	spec, err := sourceSpec(name, raw)
	if err != nil {
		return nil, err
	}
	mapping := spec.File.WithDefaults()
	return mapping.AttributeNames(), nil
}

// settleEverybody computes everybody anew after a policy change: no hand-over, and nothing overtakes single people.
func settleEverybody(tx *db.Tx, undo map[int]*access.Undo) (*change.Effect, error) {
	ids, err := identity.Everyone(tx)
	if err != nil {
		return nil, err
	}
	e, err := lifecycle.SettleIDs(tx, ids, lifecycle.Cause{What: "policy", Urgency: access.Bulk, Undo: undo})
	return (*change.Effect)(e), err
}
