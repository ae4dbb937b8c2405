package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tenure/internal/audit"
	"tenure/internal/db"
	"tenure/internal/policy"
	"tenure/templates"
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
	{"hr", "HR files", []string{audit.HeldRun, audit.HeldDue}},
	{"operations", "Operations", []string{audit.FailedLeaver, audit.Failed, audit.Proposal, audit.Paused}},
	{"applications", "My applications", []string{audit.Orphan, audit.NoDescription, audit.OwnPaused}},
	{"team", "My team", []string{audit.Joining, audit.Leaving, audit.HandOver, audit.HandOverLate}},
	{"passwords", "First passwords", []string{audit.Password}},
}

// inbox is everything that waits for the reader, grouped by when it is due.
func (s *server) inbox(r *request) error {
	var items []audit.Item
	if err := r.read(func(tx *db.Tx) (err error) { items, err = audit.Inbox(tx, r.scope()); return err }); err != nil {
		return err
	}
	v := templates.InboxView{Kinds: []ui.Chip{{Text: "Everything", URL: "/inbox", Count: len(items), Counted: true, Current: true}}}
	shown := items
	for _, g := range kindGroups {
		mine := of(items, g.kinds)
		current := r.Query("kind") == g.key
		if len(mine) > 0 || current {
			v.Kinds = append(v.Kinds, ui.Chip{Text: g.text, URL: link("/inbox", "kind", g.key), Count: len(mine), Counted: true, Current: current})
		}
		if current {
			shown, v.Kinds[0].Current = mine, false
		}
	}
	v.Groups = r.byDue(shown)
	switch {
	case len(items) == 0:
		v.Kinds = nil
		v.Blank = ui.Blank{Icon: "circle-check", Title: "Nothing waits for you", Text: "What needs you will stand here, with the time by which it should be done and who else could do it."}
	case len(shown) == 0:
		v.Blank = ui.Blank{Icon: "search", Title: "Nothing of this kind waits for you", Link: ui.Link{Text: "Show everything", URL: "/inbox"}}
	}
	late := len(items)
	for i := range items {
		if items[i].Due == nil || items[i].Due.After(r.now) {
			late--
		}
	}
	v.Lead = r.inboxLead(len(items), late)
	return r.show(templates.Inbox(r.shell("Inbox"), v))
}

func (r *request) inboxLead(n, late int) string {
	switch {
	case n == 0:
		return ""
	case late == 0:
		return plural(n, "thing waits for you, in time.", "things wait for you, all in time.")
	}
	return plural(n, "thing waits for you", "things wait for you") + ", " + ui.Int(late) + " overdue."
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
		return "no-date", "No date"
	}
	now, at := r.inZone(r.now), r.inZone(*due)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch {
	case !at.After(now):
		return "overdue", "Overdue"
	case at.Before(midnight.AddDate(0, 0, 1)):
		return "today", "Today"
	case at.Before(midnight.AddDate(0, 0, 7-(int(now.Weekday())+6)%7)):
		return "week", "This week"
	}
	return "later", "Later"
}

// inboxItem says one item in words.
func (r *request) inboxItem(it *audit.Item) templates.InboxItem {
	v := templates.InboxItem{Since: r.maybe(it.Since), Due: r.maybe(it.Due), Holder: holderWords(it)}
	if it.Due != nil {
		v.Late = !it.Due.After(r.now)
		v.Clock = clock(it.Due.Sub(r.now))
	}
	if w := inboxWords[it.Kind]; w != nil {
		w(it, &v)
	}
	return v
}

// clock is how much time is left, or by how much something is late.
func clock(left time.Duration) string {
	if left <= 0 {
		return "Late by " + span(-left)
	}
	return "In " + span(left)
}

// span is a length of time in its largest unit.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return plural(int(d.Seconds()), "second", "seconds")
	case d < time.Hour:
		return plural(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour", "hours")
	}
	return plural(int(d.Hours()/24), "day", "days")
}

// roleNames are the portal roles as groups of people.
var roleNames = map[string]string{policy.HR: "HR", policy.IT: "IT", policy.Compliance: "compliance", policy.Administrator: "administration"}

// holderWords names who can do it.
func holderWords(it *audit.Item) string {
	h := it.Holder
	switch {
	case h.As == "manager":
		return "You, as manager"
	case h.As == "owner":
		return "You, as owner of the application"
	case h.As == "self" && it.Own:
		return "You"
	case h.As == "self" && it.Count == 1:
		return "You or " + it.Person
	case h.As == "self":
		return "You or the person of each account"
	case h.As == "told" && h.Others == 0:
		return "Nobody has a role that could resume it"
	case h.Others == 0:
		return "Only you"
	}
	var words []string
	for _, x := range h.Roles {
		words = append(words, roleNames[x])
	}
	roles := strings.Replace(and(words, len(words)), " and ", " or ", 1)
	if h.As == "told" {
		return fmt.Sprintf("Any of %d in %s", h.Others, roles)
	}
	return fmt.Sprintf("You or any of %d in %s", h.Others, roles)
}

// calendar writes a day of a calendar (2006-01-02) in words.
func calendar(d string) string {
	t, err := time.Parse(time.DateOnly, d)
	if err != nil {
		return d
	}
	return day(t)
}

// many is a count that may stand for more: an inbox counts to a thousand.
func many(n int, one, other string) string {
	if n > audit.CountMost {
		return ui.Int(audit.CountMost) + "+ " + other
	}
	return plural(n, one, other)
}

// pausedWords say that an application is paused, and whether that keeps access open for somebody who left.
func pausedWords(it *audit.Item, v *templates.InboxItem) {
	v.State = ui.Tag{Tone: ui.Warn, Icon: "player-pause", Text: "Paused"}
	v.Title = it.Application + " is paused"
	if it.Text == audit.Leavers {
		v.State.Tone = ui.Bad
		v.Title = it.Application + " is paused, and somebody who left keeps access there"
	}
	v.Why = it.Person + " paused it, and nothing waits so far. Nothing is sent or read until somebody resumes it."
	if it.Count > 0 {
		v.Why = fmt.Sprintf("%s paused it; %s. Nothing is sent or read until somebody resumes it.", it.Person, many(it.Count, "change waits", "changes wait"))
	}
}

// inboxWords say each kind: what it is, why it waits, and where it is decided.
var inboxWords = map[string]func(*audit.Item, *templates.InboxItem){
	audit.HeldRun: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"}
		v.Title = fmt.Sprintf("HR file #%s is held: %s would leave or move", it.Ref, many(it.Count, "person", "people"))
		v.Why = fmt.Sprintf("%s loaded it into %s. Above the limit nothing happens until a second person decides.", it.Person, it.Text)
		v.Act = ui.Link{Text: "Look and decide", URL: "/hr/runs/" + it.Ref}
	},
	audit.HeldDue: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "lock", Text: "Held"}
		v.Title = plural(it.Count, "person", "people") + " would leave at once"
		v.Why = "Their last day passed while Tenure was not running. Nothing happens until a person decides."
		v.Act = ui.Link{Text: "Look and decide", URL: "/hr/held/" + it.Ref}
	},
	audit.FailedLeaver: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Failed"}
		v.Title = "Somebody who left keeps access in " + it.Application
		v.Why = many(it.Count, "operation that takes it away has failed.", "operations that take it away have failed.")
		v.Act = ui.Link{Text: "Repair", URL: link("/operations", "state", "failed", "application", it.Ref)}
	},
	audit.Failed: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "circle-x", Text: "Failed"}
		v.Title = many(it.Count, "operation", "operations") + " failed in " + it.Application
		v.Why = "The application refused, or does not show what it was told."
		v.Act = ui.Link{Text: "Repair", URL: link("/operations", "state", "failed", "application", it.Ref)}
	},
	audit.Proposal: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "help-circle", Text: "Proposed"}
		v.Title = many(it.Count, "change waits", "changes wait") + " for release in " + it.Application
		v.Why = "The application is only proposed to: a person lets each change go."
		v.Act = ui.Link{Text: "Look and release", URL: link("/operations", "state", "proposed", "application", it.Ref)}
	},
	audit.Paused: func(it *audit.Item, v *templates.InboxItem) {
		pausedWords(it, v)
		v.Act = ui.Link{Text: "Look and resume", URL: applicationURL(it.Ref) + "/connector"}
	},
	audit.OwnPaused: func(it *audit.Item, v *templates.InboxItem) {
		pausedWords(it, v)
		v.Act = ui.Link{Text: "See what waits", URL: applicationURL(it.Ref) + "?tab=operations"}
	},
	audit.Orphan: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Warn, Icon: "ghost", Text: "Nobody's"}
		v.Title = fmt.Sprintf("%s in %s", plural(it.Count, "account belongs to nobody", "accounts belong to nobody"), it.Application)
		v.Why = "You own this application. Find the person of each account, or have it disabled."
		v.Act = ui.Link{Text: "Find their people", URL: applicationURL(it.Ref) + "?tab=accounts&state=orphan"}
	},
	audit.NoDescription: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "info-circle", Text: "Unclear"}
		v.Title = fmt.Sprintf("%s in %s", many(it.Count, "entitlement has no description", "entitlements have no description"), it.Application)
		v.Why = "Whoever decides about access has to understand what it lets somebody do."
		v.Act = ui.Link{Text: "Describe them", URL: applicationURL(it.Ref) + "?tab=entitlements"}
	},
	audit.Password: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "key", Text: "New account"}
		v.Act = ui.Link{Text: "Show", URL: "/me"}
		if it.Own {
			v.Title = plural(it.Count, "first password waits for you", "first passwords wait for you")
			v.Why = "Each can be seen once."
			return
		}
		if it.Count == 1 {
			v.Title = "A first password waits to be handed over to " + it.Person
		} else {
			v.Title = plural(it.Count, "first password waits", "first passwords wait") + " to be handed over in your team"
		}
		v.Why = "Each can be seen once, by you or by the person."
	},
	audit.Joining: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Info, Icon: "user-plus", Text: "Starts"}
		v.Act = ui.Link{Text: "See what they will have", URL: personURL(it.Ref)}
		v.Title, v.Why = it.Person+" starts on "+calendar(it.Text), "Accounts are made when the first day begins. Nothing is missing so far."
		if v.Late {
			v.State.Tone = ui.Warn
			v.Title = it.Person + " has started and is not ready"
			v.Why = plural(it.Count, "change is still on its way or failed.", "changes are still on their way or failed.")
			v.Act.Text = "See what is missing"
		}
	},
	audit.Leaving: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Neutral, Icon: "door-exit", Text: "Leaves"}
		v.Title = it.Person + " leaves; the last day is " + calendar(it.Text)
		v.Why = "All access ends by itself then. Agree before who takes over what."
		v.Act = ui.Link{Text: "See what they hold", URL: personURL(it.Ref)}
	},
	audit.HandOver: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Neutral, Icon: "arrows-exchange", Text: "Hand-over"}
		v.Title = fmt.Sprintf("%s loses %s of the old job", it.Person, plural(it.Count, "access", "accesses"))
		v.Why = "It was kept for the hand-over after the move and ends by itself."
		v.Act = ui.Link{Text: "See what ends", URL: personURL(it.Ref)}
	},
	audit.HandOverLate: func(it *audit.Item, v *templates.InboxItem) {
		v.State = ui.Tag{Tone: ui.Bad, Icon: "hourglass", Text: "Overdue"}
		v.Title = fmt.Sprintf("%s still holds %s of the old job", it.Person, plural(it.Count, "access", "accesses"))
		v.Why = "The hand-over is over and the application still shows it."
		v.Act = ui.Link{Text: "See what is left", URL: personURL(it.Ref)}
	},
}
