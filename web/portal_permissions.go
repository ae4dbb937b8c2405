package web

import (
	"net/http"
	"slices"
	"strings"
	"tenure/templates/lang"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/ui"
)

const permissionsURL = "/portal/permissions"

// permissionRooms are the parts of the matrix, each with the rooms whose permissions stand in it. What fits nowhere stands in the first.
var permissionRooms = []struct {
	title string
	rooms []string
}{
	{lang.Mark("One's own"), nil},
	{lang.Mark("People"), []string{"person", "team", "search"}},
	{lang.Mark("HR"), []string{"hr"}},
	{lang.Mark("Applications"), []string{"application", "entitlement", "account", "connector"}},
	{lang.Mark("Operations and policy"), []string{"operation", "policy", "dashboard"}},
	{lang.Mark("The portal itself"), []string{"portal"}},
}

// permissionRules are what no administrator can change.
var permissionRules = []string{
	lang.Mark("Auditors only read: no right that changes something can be given to them."),
	lang.Mark("Administrators keep the rights to give roles and to change rights: otherwise nobody could give them back."),
	lang.Mark("Nobody gives a portal role to themselves, and the last administrator stays."),
	lang.Mark("Nobody releases what they loaded, or decides about their own access."),
}

var kindTags = map[policy.Kind]ui.Tag{
	policy.Reads:  {Tone: ui.Neutral, Icon: "eye", Text: lang.Mark("Reads")},
	policy.Own:    {Tone: ui.Neutral, Icon: "user", Text: lang.Mark("Their own only")},
	policy.Writes: {Tone: ui.Warn, Icon: "key", Text: lang.Mark("Changes")},
}

// permissions shows which role may do what.
func (s *server) permissions(r *request) error {
	v := templates.PermissionsView{Rules: permissionRules}
	for _, role := range policy.Portal.Roles() {
		v.Roles = append(v.Roles, r.portalWord(role))
	}
	err := r.read(func(tx *db.Tx) error {
		rights, err := policy.RightsAt(tx)
		if err != nil {
			return err
		}
		by, at, err := policy.LastChange(tx)
		if by != "" {
			v.Changed, v.ChangedBy = r.at(at), by
		}
		for _, part := range permissionRooms {
			g := templates.PermissionGroup{Title: part.title}
			for _, p := range policy.Portal.Permissions() {
				if roomOf(p) == part.title {
					g.Rows = append(g.Rows, r.permissionRow(rights, p))
				}
			}
			v.Groups = append(v.Groups, g)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Permissions(r.shell(r.T("Permissions")), v))
}

// roomOf gives the part of the matrix in which a permission stands.
func roomOf(permission string) string {
	room, _, _ := strings.Cut(permission, ".")
	for _, part := range permissionRooms {
		if slices.Contains(part.rooms, room) {
			return part.title
		}
	}
	return permissionRooms[0].title
}

func (r *request) permissionRow(rights *policy.Rights, permission string) templates.PermissionRow {
	about := policy.Describe(permission)
	row := templates.PermissionRow{Name: permission, Text: about.Text, Kind: kindTags[about.Kind], EditURL: r.to("portal.change", permissionURL(permission))}
	for _, role := range policy.Portal.Roles() {
		var c templates.PermissionCell
		switch through := rights.Through(role, permission); {
		case rights.Direct(role, permission):
			c.Has = true
		case len(through) > 0:
			c.Has, c.Through = true, r.portalWord(through[0])
		}
		_, c.Fixed = rights.Fixed(role, permission)
		row.Cells = append(row.Cells, c)
	}
	return row
}

func permissionURL(permission string) string { return permissionsURL + "/" + escape(permission) }

// portalWord is the name of a role on pages.
func (r *request) portalWord(role string) string { return r.roleWord([]string{role}) }

// permissionAsk asks which roles are to have a permission of their own.
func (s *server) permissionAsk(r *request) error {
	var rights *policy.Rights
	if err := r.read(func(tx *db.Tx) (err error) { rights, err = policy.RightsAt(tx); return err }); err != nil {
		return err
	}
	var holders []string
	for _, role := range policy.Portal.Roles() {
		if rights.Direct(role, r.Param("name")) {
			holders = append(holders, role)
		}
	}
	return s.permissionPage(r, http.StatusOK, rights, holders, nil)
}

func (s *server) permissionPage(r *request, status int, rights *policy.Rights, chosen []string, bad ui.Errors) error {
	name := r.Param("name")
	if !slices.Contains(policy.Portal.Permissions(), name) {
		return nothing("permission")
	}
	roles := ui.Choices{Name: "role", Label: r.T("Roles that have it of their own"), Hint: r.T("Whoever has a role that includes one of these has it, too."), Error: bad.Of("role")}
	for _, role := range policy.Portal.Roles() {
		has, fixed := rights.Fixed(role, name)
		o := ui.Choice{Value: role, Text: r.portalWord(role), Chosen: slices.Contains(chosen, role) || has, Disabled: fixed}
		if through := rights.Through(role, name); len(through) > 0 && fixed == "" {
			o.Hint = r.T("Has it through: %s.", r.portalWord(through[0]))
		}
		roles.Options = append(roles.Options, o)
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Permissions"), URL: permissionsURL}}, Tick: []ui.Choices{roles},
		Check: ui.Check{Action: permissionURL(name), Hidden: ui.Kept("stamp", rights.Stamp), Title: r.T("Who may: %s", policy.Describe(name).Text), Errors: bad,
			Facts:  []ui.Line{{Name: r.T("Permission"), Text: name}, {Name: r.T("It"), Text: kindTags[policy.Describe(name).Kind].Text}},
			Not:    []string{r.T("Nothing is changed yet: the next page says who gains and who loses the right.")},
			Button: ui.Buttons{Text: r.T("Look at what would follow"), Icon: "arrow-right", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: permissionsURL}}}}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// permissionSave changes who has a permission. The first post says what would follow; the second one, which has a reason, does it.
func (s *server) permissionSave(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	name, stamp, reason := r.Param("name"), r.field("stamp"), r.field("reason")
	if !slices.Contains(policy.Portal.Permissions(), name) {
		return nothing("permission")
	}
	r.back = ui.Link{Text: r.T("Look at the permission as it is now"), URL: permissionURL(name)}
	var rights *policy.Rights
	var h *policy.Holders
	var people map[string]int
	var roles []string
	err := r.read(func(tx *db.Tx) (err error) {
		if rights, err = policy.RightsAt(tx); err != nil {
			return err
		}
		if err = rights.Unchanged(tx, stamp); err != nil {
			return err
		}
		roles = r.rolesWanted(rights, name)
		if h, err = rights.Weigh(name, roles); err != nil {
			return err
		}
		if len(h.Give)+len(h.Take) == 0 {
			return errs.InvalidFields("the roles", []errs.Field{{Field: "role", Rule: "are as they were: nothing would change"}})
		}
		people, err = countRoles(tx, h)
		return err
	})
	if bad, ok := r.faults(err, map[string]string{"": "role"}); ok && rights != nil && statusOf(err) == http.StatusBadRequest {
		return s.permissionPage(r, http.StatusBadRequest, rights, r.PostFormArray("role"), bad)
	}
	if err != nil {
		return err
	}
	if r.field("sure") != "yes" || reason == "" {
		return s.permissionCheck(r, h, people, roles)
	}
	if err := r.do(func(tx *db.Tx) error { _, err := policy.SetHolders(tx, name, roles, stamp, reason); return err }); err != nil {
		return err
	}
	return r.goWith(permissionsURL, ui.Notice{Tone: ui.Good, Title: r.T("The right is changed"), Text: r.T("It is in force from everybody's next click on: %s.", policy.Describe(name).Text)})
}

// rolesWanted are the roles that were ticked, and those that keep the permission whatever is ticked.
func (r *request) rolesWanted(rights *policy.Rights, permission string) []string {
	roles := slices.Clone(r.PostFormArray("role"))
	for _, role := range policy.Portal.Roles() {
		if has, fixed := rights.Fixed(role, permission); fixed != "" && has && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// countRoles counts who has each of the given roles that gain or lose.
func countRoles(tx *db.Tx, h *policy.Holders) (map[string]int, error) {
	out := map[string]int{}
	for _, role := range slices.Concat(h.Gain, h.Lose) {
		if !slices.Contains(auth.Givable, role) {
			continue
		}
		n, err := auth.CountGiven(tx, []string{role})
		if err != nil {
			return nil, err
		}
		out[role] = n
	}
	return out, nil
}

// permissionCheck says who gains and who loses, and asks for a reason.
func (s *server) permissionCheck(r *request, h *policy.Holders, people map[string]int, roles []string) error {
	name := h.Permission
	c := ui.Check{Action: permissionURL(name), Title: r.T("Change who may: %s?", policy.Describe(name).Text), Reason: r.T("Reason"), Hidden: ui.Kept("stamp", r.field("stamp"), "sure", "yes"),
		Facts:  []ui.Line{{Name: r.T("Permission"), Text: name}, {Name: r.T("Given to"), Text: r.rolesText(h.Give)}, {Name: r.T("Taken from"), Text: r.rolesText(h.Take)}},
		Not:    []string{r.T("Nothing that was done or decided is undone.")},
		Button: ui.Buttons{Text: r.T("Change it"), Icon: "shield-check", Danger: len(h.Lose) > 0, Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: permissionURL(name)}}}
	for _, role := range roles {
		c.Hidden = append(c.Hidden, ui.Option{Text: "role", Value: role})
	}
	for _, role := range h.Gain {
		c.Will = append(c.Will, r.T("%s may do it from the next click on: %s", r.portalWord(role), r.whoHas(role, people)))
	}
	for _, role := range h.Lose {
		c.Will = append(c.Will, r.T("%s may not do it any more: %s", r.portalWord(role), r.whoHas(role, people)))
	}
	if len(h.Gain)+len(h.Lose) == 0 {
		c.Will = []string{r.T("Nobody gains and nobody loses the right: they have it through another role as well.")}
	}
	status := http.StatusOK
	if r.field("sure") == "yes" {
		status, c.Errors = http.StatusBadRequest, ui.Errors{{Field: "reason", Text: r.T("Say why: auditors read it.")}}
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Permissions"), URL: permissionsURL}}, Check: c}
	return r.render(status, templates.AskMore(r.shell(c.Title), v))
}

func (r *request) rolesText(roles []string) string {
	if len(roles) == 0 {
		return r.T("nobody")
	}
	var words []string
	for _, role := range roles {
		words = append(words, r.portalWord(role))
	}
	return strings.Join(words, ", ")
}

// whoHas says in words whom a role is about.
func (r *request) whoHas(role string, people map[string]int) string {
	switch role {
	case policy.Employee:
		return r.T("everybody who works here.")
	case policy.Manager:
		return r.T("everybody to whom somebody reports.")
	case policy.Owner:
		return r.T("everybody who owns an application.")
	}
	return r.countWord(people[role], "person has the role.", "people have the role.")
}
