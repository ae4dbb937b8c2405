package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/audit"
	"tenure/internal/catalog"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/templates"
	"tenure/templates/ui"
)

// applicationCatalogue fills the tab of entitlements.
func (r *request) applicationCatalogue(tx *db.Tx, cat *catalog.Catalog, a *catalog.Application, v *templates.ApplicationView) error {
	holdings, err := r.holdersOf(tx, a)
	if err != nil {
		return err
	}
	all := cat.Of(a.ID)
	people, err := identity.People(tx, ownersOf(a, all))
	if err != nil {
		return err
	}
	missing, stated, whole := map[string]int{}, 0, 0
	for _, e := range all {
		if e.Kind == catalog.AccountKind {
			continue
		}
		lacks := e.Missing(a)
		whole, stated = whole+4, stated+4-len(lacks)
		for _, m := range lacks {
			missing[m]++
		}
		row := templates.CatalogueRow{ID: fmt.Sprintf("e-%d", e.ID), Name: e.Title, Code: e.Name, Kind: e.Kind, What: e.Description, Risk: e.RiskLevel(), RiskStated: e.Risk != nil,
			Privileged: e.Privileged, Holders: ui.Link{Text: r.Int(holdings[e.ID].Accounts)}, How: r.howHeld(holdings[e.ID]), OwnerInherited: e.OwnerID == nil}
		if !e.Named() && slices.Contains(lacks, "name") {
			row.Name = r.T("No plain name yet")
		}
		if holdings[e.ID].Accounts > 0 {
			row.Holders.URL = link(applicationURL(a.Name), "tab", "accounts", "entitlement", strconv.Itoa(e.ID))
		}
		if len(lacks) > 0 {
			row.Missing = r.T("Missing: %s", r.and(lacks, 4))
		}
		owner := e.OwnerID
		if owner == nil {
			owner = a.OwnerID
		}
		if owner != nil && people[*owner] != nil {
			row.Owner = ui.Link{Text: people[*owner].Name, URL: r.to("person.read_any", personURL(people[*owner].PublicID))}
		}
		if r.mayFor("entitlement.edit", r.owns(a)) {
			row.EditURL = entitlementURL(a, e.ID)
		}
		v.Catalogue.Rows = append(v.Catalogue.Rows, row)
	}
	v.Catalogue.Complete, v.Catalogue.Missing = r.complete(stated, whole), r.missingWords(missing)
	v.Catalogue.Licence = r.licenceForm(a)
	trend, err := audit.HeldTrend(tx, a.ID, trendDays)
	v.Catalogue.Trend = r.heldTrend(trend)
	return err
}

// trendDays is how far the trend of an application's grants goes back.
const trendDays = 90

// heldTrend draws how many grants an application had, when there are two days to compare.
func (r *request) heldTrend(days []audit.HeldOn) *templates.HeldTrend {
	if len(days) < 2 {
		return nil
	}
	first, last := days[0], days[len(days)-1]
	v := &templates.HeldTrend{Chart: ui.Chart{ID: "held", Title: r.T("Grants held, day by day"), Head: []string{r.T("Day"), r.T("Grants")},
		Summary: r.T("%s on %s, %s on %s.", r.Int(first.Held), r.day(first.Day), r.Int(last.Held), r.day(last.Day))}}
	line := ui.Series{Name: "held"}
	for _, d := range days {
		line.Points = append(line.Points, float64(d.Held))
		v.Chart.Rows = append(v.Chart.Rows, []string{r.day(d.Day), r.Int(d.Held)})
	}
	v.Lines = ui.LineChart{Series: []ui.Series{line}, Steps: []string{r.Date(first.Day, "2 Jan"), r.Date(last.Day, "2 Jan")}}
	return v
}

// holdersOf counts who has each entitlement, as a job did; until there was a first count only the accounts, here.
func (r *request) holdersOf(tx *db.Tx, a *catalog.Application) (map[int]audit.Holding, error) {
	out, err := audit.Holdings(tx, a.ID)
	if err != nil || len(out) > 0 {
		return out, err
	}
	holders, err := catalog.CountHolders(tx, a.ID)
	for id, n := range holders {
		out[id] = audit.Holding{Accounts: n}
	}
	return out, err
}

// howHeld says of how many people what gives it to them.
func (r *request) howHeld(h audit.Holding) []string {
	var out []string
	for _, x := range []struct {
		n    int
		word string
	}{{h.Role, r.T("by a role")}, {h.Rule, r.T("by a rule")}, {h.Direct, "directly"}, {h.HandOver, r.T("for a hand-over")}, {h.Nothing, r.T("without a reason")}} {
		if x.n > 0 {
			out = append(out, r.Int(x.n)+" "+x.word)
		}
	}
	return out
}

func ownersOf(a *catalog.Application, all []*catalog.Entitlement) []int {
	var ids []int
	if a.OwnerID != nil {
		ids = append(ids, *a.OwnerID)
	}
	for _, e := range all {
		if e.OwnerID != nil {
			ids = append(ids, *e.OwnerID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// complete rounds down: 100 % means that nothing is missing.
func (r *request) complete(stated, whole int) string {
	if whole == 0 {
		return r.T("Nothing to describe")
	}
	return r.T("%d %% complete", stated*100/whole)
}

func (r *request) missingWords(m map[string]int) string {
	var parts []string
	for _, x := range []struct {
		key   string
		words func(n int) string
	}{
		{"name", func(n int) string { return r.Plural(n, "plain name", "plain names") }},
		{"description", func(n int) string { return r.Plural(n, "description", "descriptions") }},
		{"risk", func(n int) string { return r.Plural(n, "risk", "risks") }},
		{"owner", func(n int) string { return r.Plural(n, "owner", "owners") }},
	} {
		if n := m[x.key]; n > 0 {
			parts = append(parts, x.words(n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return r.T("Missing: %s.", r.and(parts, 4))
}

func entitlementURL(a *catalog.Application, id int) string {
	return fmt.Sprintf("%s/entitlements/%d", applicationURL(a.Name), id)
}

func (r *request) licenceForm(a *catalog.Application) *templates.LicenceForm {
	l := &templates.LicenceForm{Words: r.T("Nobody has stated it yet."), Version: strconv.Itoa(a.Version), Stated: a.Spec.Licence != nil}
	if a.LicenceCostCents != nil && a.LicenceCurrency != nil {
		l.Amount, l.Currency = fmt.Sprintf("%d.%02d", *a.LicenceCostCents/100, *a.LicenceCostCents%100), *a.LicenceCurrency
		l.Words = r.T("%s %s a month for each enabled account", l.Amount, l.Currency)
	}
	if r.mayFor("entitlement.edit", r.owns(a)) {
		l.Action = applicationURL(a.Name) + "/licence"
	}
	return l
}

// entitlement gives the entitlement that the path names, with its application.
func (r *request) entitlement(tx *db.Tx) (*catalog.Application, *catalog.Entitlement, error) {
	id, err := r.number("id")
	if err != nil {
		return nil, nil, nothing("entitlement")
	}
	cat, a, err := r.application(tx, "entitlement.edit")
	if err != nil {
		return nil, nil, err
	}
	e := cat.Entitlements[id]
	if e == nil || e.ApplicationID != a.ID || e.Kind == catalog.AccountKind {
		return nil, nil, nothing("entitlement")
	}
	return a, e, nil
}

// entitlementAsk is the form in which an entitlement is described.
func (s *server) entitlementAsk(r *request) error { return s.entitlementPage(r, http.StatusOK, nil) }

// entitlementPage draws the form as it is stored, or as given changes it.
func (s *server) entitlementPage(r *request, status int, given func(*templates.EntitlementView)) error {
	var v templates.EntitlementView
	err := r.read(func(tx *db.Tx) error {
		a, e, err := r.entitlement(tx)
		if err != nil {
			return err
		}
		back := link(applicationURL(a.Name), "tab", "entitlements")
		derived := *e
		derived.Risk = nil
		v = templates.EntitlementView{Up: []ui.Link{{Text: r.T("Applications"), URL: "/applications"}, {Text: a.Title, URL: back}}, Row: fmt.Sprintf("e-%d", e.ID),
			Code: e.Name, Kind: e.Kind, Title: e.Title, What: e.Description, Derived: derived.RiskLevel(), Version: strconv.Itoa(e.Version),
			Action: entitlementURL(a, e.ID), Cancel: back, Stated: r.and(e.Stated, 4)}
		if e.Risk != nil {
			v.Risk = *e.Risk
		}
		if e.OwnerID != nil {
			people, err := identity.People(tx, []int{*e.OwnerID})
			if err != nil {
				return err
			}
			if p := people[*e.OwnerID]; p != nil && p.Number != nil {
				v.Owner = *p.Number
			}
		}
		by, err := catalog.EditorOf(tx, e)
		if by != nil {
			v.Last = by.Name + ", " + r.at(by.At).Text
		}
		return err
	})
	if err != nil {
		return err
	}
	if given != nil {
		given(&v)
	}
	if polling(r.Request) {
		return r.render(status, templates.EntitlementInline(v))
	}
	return r.render(status, templates.Entitlement(r.shell(r.T("Describe %s", v.Title)), v))
}

// entitlementDescribe writes what was said.
func (s *server) entitlementDescribe(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	d := catalog.Description{Title: r.field("title"), Text: r.field("description"), Risk: r.field("risk"), Owner: r.field("owner")}
	version := r.version()
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) error {
		app, e, err := r.entitlement(tx)
		if err != nil {
			return err
		}
		a = app
		return catalog.Describe(tx, a, e.ID, version, d)
	})
	typed := func(v *templates.EntitlementView) {
		v.Title, v.What, v.Risk, v.Owner = d.Title, d.Text, d.Risk, d.Owner
	}
	var stale *catalog.Stale
	if errors.As(err, &stale) {
		return s.entitlementPage(r, http.StatusConflict, func(v *templates.EntitlementView) {
			v.Conflict = r.T("%s changed it %s. It now says: “%s”. “%s” Your words are still below; saving puts them in place of those.", stale.By.Name, r.at(stale.By.At).Text, v.Title, v.What)
			typed(v)
		})
	}
	if bad, ok := r.faults(err, nil); ok && errs.KindOf(err) == errs.KindInvalid {
		return s.entitlementPage(r, http.StatusBadRequest, func(v *templates.EntitlementView) { typed(v); v.Errors, v.Version = bad, strconv.Itoa(version) })
	}
	if err != nil {
		return err
	}
	return r.goWith(link(applicationURL(a.Name), "tab", "entitlements"), ui.Notice{Tone: ui.Good, Title: r.T("%s is described", d.Title)})
}

// licenceSet says what an account costs.
func (s *server) licenceSet(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	version := r.version()
	var cents *int
	if text := strings.Replace(r.field("amount"), ",", ".", 1); text != "" {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 0 || f > 1e6 || math.Abs(f*100-math.Round(f*100)) > 1e-6 {
			return errs.Invalid("the cost must be an amount such as 12.50")
		}
		n := int(math.Round(f * 100))
		cents = &n
	}
	var a *catalog.Application
	err := r.do(func(tx *db.Tx) (err error) {
		if _, a, err = r.application(tx, "entitlement.edit"); err != nil {
			return err
		}
		return catalog.SetLicence(tx, a, version, cents, strings.ToUpper(r.field("currency")))
	})
	if err != nil {
		return err
	}
	return r.goWith(link(applicationURL(a.Name), "tab", "entitlements"), ui.Notice{Tone: ui.Good, Title: r.T("The cost is saved")})
}
