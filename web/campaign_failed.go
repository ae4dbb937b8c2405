package web

import (
	"tenure/internal/access"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/templates/ui"
)

// failed says whether a removal was carried out and its operation failed.
func failed(s campaign.RemovalState, operation string) bool {
	return s == campaign.RemovalCarried && operation == string(access.Failed)
}

// answering reads who owns applications: who has to look when an operation there fails.
func (w *campaignWords) answering(tx *db.Tx) (err error) {
	var ids []int
	for _, a := range w.cat.Apps {
		if a.OwnerID != nil {
			ids = append(ids, *a.OwnerID)
		}
	}
	w.owners, err = identity.People(tx, ids)
	return err
}

// looking gives who has to look at a failed operation for an entitlement: the owner of its application, nil for IT where it has none or they
// have left.
func (w *campaignWords) looking(entitlement int) *identity.Person {
	e := w.cat.Entitlements[entitlement]
	if e == nil || w.cat.Apps[e.ApplicationID] == nil || w.cat.Apps[e.ApplicationID].OwnerID == nil {
		return nil
	}
	if p := w.owners[*w.cat.Apps[e.ApplicationID].OwnerID]; p != nil && p.State != identity.Left && !p.Locked() {
		return p
	}
	return nil
}

// looks names who has to look at a removal that is stuck, with a way to them; nothing for one that is not.
func (w *campaignWords) looks(entitlement int, s campaign.RemovalState, operation, byHand string) ui.Link {
	if !failed(s, operation) {
		return ui.Link{Text: byHand}
	}
	if p := w.looking(entitlement); p != nil {
		return ui.Link{Text: w.T("%s has to look", p.Name), URL: w.to("person.read_any", personURL(p.PublicID))}
	}
	return ui.Link{Text: w.T("IT has to look"), URL: w.to("operation.read", link("/operations", "state", string(access.Failed)))}
}

// looksFile is the same for the file: a name.
func (w *campaignWords) looksFile(x *campaign.Line) string {
	if !failed(x.Removal, x.OpState) {
		return x.RemovalOwnerName
	}
	if p := w.looking(x.Entitlement); p != nil {
		return p.Name
	}
	return "IT"
}
