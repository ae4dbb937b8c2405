package web

import (
	"slices"
	"strings"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

// scope says for whom an inbox is read: the reader, as manager and owner of what is theirs, and of what is others' for whom they act.
func (r *request) scope() *audit.Scope {
	q := &audit.Scope{Person: r.who.ID, May: r.may, Zone: r.zone}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	if slices.Contains(r.who.roles, policy.Manager) {
		q.Managers = r.managers()
	}
	if slices.Contains(r.who.roles, policy.Owner) {
		q.Owners = r.owners()
	}
	return q
}

// kindGroups are the filters of the inbox.
var kindGroups = []struct {
	key, text string
	kinds     []string
}{
	{"requests", lang.Mark("Requests"), []string{audit.Asked}},
	{"reviews", lang.Mark("Reviews"), []string{audit.Reviewing, audit.ReviewAsk, audit.ReviewHand}},
	{"hr", lang.Mark("HR files"), []string{audit.HeldRun, audit.HeldDue}},
	{"policy", lang.Mark("Policy"), []string{audit.Change, audit.Violated}},
	{"privacy", lang.Mark("Privacy"), []string{audit.Erasing}},
	{"operations", lang.Mark("Operations"), []string{audit.FailedLeaver, audit.Failed, audit.Proposal, audit.Paused, audit.Evidence}},
	{"applications", lang.Mark("My applications"), []string{audit.Orphan, audit.NoDescription, audit.OwnPaused}},
	{"team", lang.Mark("My team"), []string{audit.Joining, audit.Leaving, audit.HandOver, audit.HandOverLate}},
	{"passwords", lang.Mark("First passwords"), []string{audit.Password}},
}

// inbox is everything that waits for the reader, grouped by when it is due.
func (s *server) inbox(r *request) error {
	var items []audit.Item
	if err := r.read(func(tx *db.Tx) (err error) { items, err = audit.Inbox(tx, r.scope()); return err }); err != nil {
		return err
	}
	v := templates.InboxView{Kinds: []ui.Chip{{Text: r.T("Everything"), URL: "/inbox", Count: len(items), Counted: true, Current: true}}}
	shown := items
	for _, g := range kindGroups {
		mine := of(items, g.kinds)
		current := r.Query("kind") == g.key
		if len(mine) > 0 || current {
			v.Kinds = append(v.Kinds, ui.Chip{Text: r.T(g.text), URL: link("/inbox", "kind", g.key), Count: len(mine), Counted: true, Current: current})
		}
		if current {
			shown, v.Kinds[0].Current = mine, false
		}
	}
	v.Groups = r.byDue(shown)
	switch {
	case len(items) == 0:
		v.Kinds = nil
		v.Blank = ui.Blank{Icon: "circle-check", Title: r.T("Nothing waits for you"), Text: r.T("What needs you will stand here, with the time by which it should be done and who else could do it.")}
	case len(shown) == 0:
		v.Blank = ui.Blank{Icon: "search", Title: r.T("Nothing of this kind waits for you"), Link: ui.Link{Text: r.T("Show everything"), URL: "/inbox"}}
	}
	late := len(items)
	for i := range items {
		if items[i].Due == nil || items[i].Due.After(r.now) {
			late--
		}
	}
	v.Lead = r.inboxLead(len(items), late)
	return r.show(templates.Inbox(r.shell(r.T("Inbox")), v))
}

func (r *request) inboxLead(n, late int) string {
	switch {
	case n == 0:
		return ""
	case late == 0:
		return r.Plural(n, "thing waits for you, in time.", "things wait for you, all in time.")
	}
	return r.T("%s, %s overdue.", r.Plural(n, "thing waits for you", "things wait for you"), r.Int(late))
}

func of(items []audit.Item, kinds []string) []audit.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it audit.Item) bool { return !slices.Contains(kinds, it.Kind) })
}

// byDue puts items, which come in the order of their due times, into the reader's days.
func (r *request) byDue(items []audit.Item) []templates.InboxGroup {
	var out []templates.InboxGroup
	for i := range items {
		id, title := r.dueGroup(items[i].Due)
		if len(out) == 0 || out[len(out)-1].ID != id {
			out = append(out, templates.InboxGroup{ID: id, Title: title})
		}
		g := &out[len(out)-1]
		g.Items = append(g.Items, r.inboxItem(&items[i]))
	}
	return out
}

func (r *request) dueGroup(due *time.Time) (id, title string) {
	if due == nil {
		return "no-date", r.T("No date")
	}
	now, at := r.inZone(r.now), r.inZone(*due)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case !at.After(now):
		return "overdue", r.T("Overdue")
	case at.Before(midnight.AddDate(0, 0, 1)):
		return "today", r.T("Today")
	case at.Before(midnight.AddDate(0, 0, 7-(int(now.Weekday())+6)%7)):
		return "week", r.T("This week")
	}
	return "later", r.T("Later")
}

// inboxItem says one item in words.
func (r *request) inboxItem(it *audit.Item) templates.InboxItem {
	v := templates.InboxItem{Since: r.maybe(it.Since), Due: r.maybe(it.Due), Holder: r.holderWords(it)}
	if it.Due != nil {
		v.Late = !it.Due.After(r.now)
		v.Clock = r.clock(it.Due.Sub(r.now))
	}
	if w := inboxWords[it.Kind]; w != nil {
		w(r, it, &v)
	}
	return v
}

// clock is how much time is left, or by how much something is late.
func (r *request) clock(left time.Duration) string {
	if left <= 0 {
		return r.T("Late by %s", r.span(-left))
	}
	return r.T("In %s", r.span(left))
}

// span is a length of time in its largest unit.
func (r *request) span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return r.Plural(int(d.Seconds()), "second", "seconds")
	case d < time.Hour:
		return r.Plural(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return r.Plural(int(d.Hours()), "hour", "hours")
	}
	return r.Plural(int(d.Hours()/24), "day", "days")
}

// roleNames are the portal roles as groups of people.
var roleNames = map[string]string{policy.HR: lang.Mark("HR"), policy.IT: lang.Mark("IT"), policy.Compliance: lang.Mark("compliance"), policy.Administrator: lang.Mark("administration")}

// holderWords names who can do it.
func (r *request) holderWords(it *audit.Item) string {
	h := it.Holder
	switch {
	case h.As == "manager":
		return r.T("You, as manager")
	case h.As == "owner":
		return r.T("You, as owner of the application")
	case h.As == "self" && it.Kind == audit.Reviewing && !it.Own:
		return r.T("You or %s", it.Person)
	case h.As == "self" && it.Own:
		return r.T("You")
	case h.As == "self" && it.Count == 1:
		return r.T("You or %s", it.Person)
	case h.As == "self":
		return r.T("You or the person of each account")
	case h.As == "told" && h.Others == 0:
		return r.T("Nobody has a role that could resume it")
	case h.Others == 0:
		return r.T("Only you")
	}
	var words []string
	for _, x := range h.Roles {
		words = append(words, r.T(roleNames[x]))
	}
	roles := r.or(words)
	if h.As == "told" {
		return r.T("Any of %d in %s", h.Others, roles)
	}
	return r.T("You or any of %d in %s", h.Others, roles)
}

// calendar writes a day of a calendar (2006-01-02) in words.
func (r *request) calendar(d string) string {
	t, err := time.Parse(time.DateOnly, d)
	if err != nil {
		return d
	}
	return r.day(t)
}

// many is a count that may stand for more: an inbox counts to a thousand.
func (r *request) many(n int, one, other string) string {
	if n > audit.CountMost {
		return strings.Replace(r.Plural(audit.CountMost, one, other), r.Int(audit.CountMost), r.Int(audit.CountMost)+"+", 1)
	}
	return r.Plural(n, one, other)
}

// pausedWords say that an application is paused, and whether that keeps access open for somebody who left.
func (r *request) pausedWords(it *audit.Item, v *templates.InboxItem) {
	v.State = ui.Tag{Tone: ui.Warn, Icon: "player-pause", Text: r.T("Paused")}
	v.Title = r.T("%s is paused", it.Application)
	if it.Text == audit.Leavers {
		v.State.Tone = ui.Bad
		v.Title = r.T("%s is paused, and somebody who left keeps access there", it.Application)
	}
	v.Why = r.T("%s paused it, and nothing waits so far. Nothing is sent or read until somebody resumes it.", it.Person)
	if it.Count > 0 {
		v.Why = r.T("%s paused it; %s. Nothing is sent or read until somebody resumes it.", it.Person, r.many(it.Count, "change waits", "changes wait"))
	}
}

// inboxWords say each kind: what it is, why it waits, and where it is decided.
var inboxWords = map[string]func(*request, *audit.Item, *templates.InboxItem){
	audit.HeldRun: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: r.T("Held")}
		v.Title = r.T("HR file #%s is held: %s would leave or move", it.Ref, r.many(it.Count, "person", "people"))
		v.Why = r.T("%s loaded it into %s. Above the limit nothing happens until a second person decides.", it.Person, it.Text)
		v.Act = ui.Link{Text: r.T("Look and decide"), URL: "/hr/runs/" + it.Ref}
	},
	audit.HeldDue: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: r.T("Held")}
		v.Title = r.T("%s would leave at once", r.Plural(it.Count, "person", "people"))
		v.Why = r.T("Their last day passed while Tenure was not running. Nothing happens until a person decides.")
		v.Act = ui.Link{Text: r.T("Look and decide"), URL: "/hr/held/" + it.Ref}
	},
	audit.Change: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "scale", Text: r.T("Planned")}
		v.Title = r.T("A change of the policy waits for approval: %s", it.Text)
		v.Why = r.T("%s planned it. It concerns %s.", it.Person, r.Plural(it.Count, "person", "people"))
		v.Act = ui.Link{Text: r.T("Look and decide"), URL: changesURL + "/" + it.Ref}
	},
	audit.Asked: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "send", Text: r.T("Asked of you")}
		v.Title = r.T("%s for your decision", r.many(it.Count, "request waits", "requests wait"))
		v.Why = r.T("Somebody needs access and waits for you. Not answering approves nothing: it expires.")
		v.Act = ui.Link{Text: r.T("Look and decide"), URL: approvalsURL}
	},
	audit.Reviewing: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "scale", Text: r.T("Review")}
		v.Title = r.T("Review: %s", it.Text)
		v.Why = r.T("%s. Does everybody still need what they have?", r.many(it.Count, "thing to decide", "things to decide"))
		v.Act = ui.Link{Text: r.T("Continue"), URL: reviewsURL + "/" + it.Ref}
	},
	audit.ReviewAsk: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "info-circle", Text: r.T("Question")}
		v.Title = r.T("%s asks you about access", it.Person)
		v.Why = r.T("It is reviewed in “%s”, and you may know whether it is needed.", it.Text)
		v.Act = ui.Link{Text: r.T("Answer"), URL: reviewsURL + "/items/" + it.Ref}
	},
	audit.ReviewHand: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "user-x", Text: r.T("By hand")}
		v.Title = r.T("%s after a review", r.many(it.Count, "thing to take away or change", "things to take away or change"))
		v.Why = r.T("Tenure does not change it there. It is done when the target, read again, shows it.")
		v.Act = ui.Link{Text: r.T("Look at them"), URL: reviewsURL + "#removals"}
	},
	audit.Violated: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "alert-octagon", Text: r.T("Open")}
		v.Title = r.T("%s the SoD rule “%s”", r.many(it.Count, "person breaks", "people break"), it.Text)
		v.Why = r.T("One of the conflicting accesses has to go, or somebody accepts it for a time.")
		v.Act = ui.Link{Text: r.T("See who"), URL: link(violationsURL, "rule", it.Ref)}
	},
	audit.FailedLeaver: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: r.T("Failed")}
		v.Title = r.T("Somebody who left keeps access in %s", it.Application)
		v.Why = r.many(it.Count, "operation that takes it away has failed.", "operations that take it away have failed.")
		v.Act = ui.Link{Text: r.T("Repair"), URL: link("/operations", "state", "failed", "application", it.Ref)}
	},
	audit.Failed: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: r.T("Failed")}
		v.Title = r.T("%s failed in %s", r.many(it.Count, "operation", "operations"), it.Application)
		v.Why = r.T("The application refused, or does not show what it was told.")
		v.Act = ui.Link{Text: r.T("Repair"), URL: link("/operations", "state", "failed", "application", it.Ref)}
	},
	audit.Proposal: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "help-circle", Text: r.T("Proposed")}
		v.Title = r.T("%s for release in %s", r.many(it.Count, "change waits", "changes wait"), it.Application)
		v.Why = r.T("The application is only proposed to: a person lets each change go.")
		v.Act = ui.Link{Text: r.T("Look and release"), URL: link("/operations", "state", "proposed", "application", it.Ref)}
	},
	audit.Paused: func(r *request, it *audit.Item, v *templates.InboxItem) {
		r.pausedWords(it, v)
		v.Act = ui.Link{Text: r.T("Look and resume"), URL: applicationURL(it.Ref) + "/connector"}
	},
	audit.Erasing: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "user-x", Text: r.T("To be erased")}
		v.Title = r.T("%s to be erased", r.many(it.Count, "person is", "people are"))
		v.Why = r.T("Somebody asked for it, or their time is over. Another person erases them, or takes it back.")
		v.Act = ui.Link{Text: r.T("Look and decide"), URL: privacyURL}
	},
	audit.Evidence: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "alert-octagon", Text: r.T("Blocked")}
		v.Title = r.T("The evidence log does not get through: %s", it.Text)
		v.Why = r.T("Until it does, what was written since could be changed unseen. “log” is the sealing itself, “file” and “mail” are where its heads are kept; other names are witnesses.")
	},
	audit.OwnPaused: func(r *request, it *audit.Item, v *templates.InboxItem) {
		r.pausedWords(it, v)
		v.Act = ui.Link{Text: r.T("See what waits"), URL: applicationURL(it.Ref) + "?tab=operations"}
	},
	audit.Orphan: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "ghost", Text: r.T("Nobody's")}
		v.Title = r.T("%s in %s", r.Plural(it.Count, "account belongs to nobody", "accounts belong to nobody"), it.Application)
		v.Why = r.T("You own this application. Find the person of each account, or have it disabled.")
		v.Act = ui.Link{Text: r.T("Find their people"), URL: applicationURL(it.Ref) + "?tab=accounts&state=orphan"}
	},
	audit.NoDescription: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "info-circle", Text: r.T("Unclear")}
		v.Title = r.T("%s in %s", r.many(it.Count, "entitlement has no description", "entitlements have no description"), it.Application)
		v.Why = r.T("Whoever decides about access has to understand what it lets somebody do.")
		v.Act = ui.Link{Text: r.T("Describe them"), URL: applicationURL(it.Ref) + "?tab=entitlements"}
	},
	audit.Password: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "key", Text: r.T("New account")}
		v.Act = ui.Link{Text: r.T("Show"), URL: "/me"}
		if it.Own {
			v.Title = r.Plural(it.Count, "first password waits for you", "first passwords wait for you")
			v.Why = r.T("Each can be seen once.")
			return
		}
		if it.Count == 1 {
			v.Title = r.T("A first password waits to be handed over to %s", it.Person)
		} else {
			v.Title = r.T("%s to be handed over in your team", r.Plural(it.Count, "first password waits", "first passwords wait"))
		}
		v.Why = r.T("Each can be seen once, by you or by the person.")
	},
	audit.Joining: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "user-plus", Text: r.T("Starts")}
		v.Act = ui.Link{Text: r.T("See what they will have"), URL: personURL(it.Ref)}
		v.Title, v.Why = r.T("%s starts on %s", it.Person, r.calendar(it.Text)), r.T("Accounts are made when the first day begins. Nothing is missing so far.")
		if v.Late {
			v.State.Tone = ui.Warn
			v.Title = r.T("%s has started and is not ready", it.Person)
			v.Why = r.Plural(it.Count, "change is still on its way or failed.", "changes are still on their way or failed.")
			v.Act.Text = r.T("See what is missing")
		}
	},
	audit.Leaving: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Neutral, Icon: "door-exit", Text: r.T("Leaves")}
		v.Title = r.T("%s leaves; the last day is %s", it.Person, r.calendar(it.Text))
		v.Why = r.T("All access ends by itself then. Agree before who takes over what.")
		v.Act = ui.Link{Text: r.T("See what they hold"), URL: personURL(it.Ref)}
	},
	audit.HandOver: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Neutral, Icon: "arrows-exchange", Text: r.T("Hand-over")}
		v.Title = r.T("%s loses %s of the old job", it.Person, r.Plural(it.Count, "access", "accesses"))
		v.Why = r.T("It was kept for the hand-over after the move and ends by itself.")
		v.Act = ui.Link{Text: r.T("See what ends"), URL: personURL(it.Ref)}
	},
	audit.HandOverLate: func(r *request, it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "hourglass", Text: r.T("Overdue")}
		v.Title = r.T("%s still holds %s of the old job", it.Person, r.Plural(it.Count, "access", "accesses"))
		v.Why = r.T("The hand-over is over and the application still shows it.")
		v.Act = ui.Link{Text: r.T("See what is left"), URL: personURL(it.Ref)}
	},
}
