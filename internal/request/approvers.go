package request

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
	"tenure/internal/identity"
	"tenure/internal/policy"
)

// asking finds who is asked at steps: it reads once for all of them. Nobody is asked who asked, for whom it is, who stands in for one of
// these, who decided another step of the item, or who is not here.
type asking struct {
	steps    []*Step
	lines    map[int][]identity.Above
	portal   map[string][]int
	members  map[int][]int // role -> people
	here     map[int]bool
	standins map[int][]int // person -> who acts for them now
	decided  map[int][]int // item -> who decided a step of it
}

func newAsking(tx *db.Tx, steps []*Step) (*asking, error) {
	a := &asking{steps: steps, portal: map[string][]int{}, members: map[int][]int{}, standins: map[int][]int{}, decided: map[int][]int{}}
	var people, items, owners, roles []int
	for _, s := range steps {
		people = append(people, s.Beneficiary, s.Requester)
		items = append(items, s.Item)
		if s.Owner != nil {
			owners = append(owners, *s.Owner)
		}
		if id, err := strconv.Atoi(s.Named); s.By == Group && err == nil {
			roles = append(roles, id)
		}
	}
	var err error
	if a.lines, err = identity.Lines(tx, people); err != nil {
		return nil, err
	}
	for _, line := range a.lines {
		for _, m := range line {
			people = append(people, m.ID)
		}
	}
	if a.here, err = identity.Here(tx, append(people, owners...)); err != nil {
		return nil, err
	}
	return a, a.read(tx, append(people, owners...), items, roles)
}

func (a *asking) read(tx *db.Tx, people, items, roles []int) error {
	ruled := ""
	if len(roles) > 0 { // else a plan made once would prepare to read everybody's access, and find nothing to look for
		ruled = `union select 'role', '', r.via, i.id from reason r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null
			where r.via <> 0 and r.via = any($3) and r.known_to = 'infinity' and r.state = 'live' and r.valid_from <= $4 and r.valid_to > $4`
	}
	rows, err := tx.Query(`select 'portal', r.role, 0, i.id from portal_role r join identity i on i.id = r.identity_id and i.state = 'active' and i.locked_at is null
		union select 'role', '', m.role_id, i.id from role_member m join identity i on i.id = m.identity_id and i.state = 'active' and i.locked_at is null
			where m.role_id = any($3) and m.ended_at is null and m.valid_from <= $4 and m.valid_to > $4
		`+ruled+`
		union select 'standin', '', d.from_identity, d.to_identity from delegation d join identity i on i.id = d.to_identity and i.state = 'active' and i.locked_at is null
			join identity f on f.id = d.from_identity and f.state in ('active', 'leave') and f.locked_at is null where d.from_identity = any($1) and d.ended_at is null and d.from_at <= $4 and d.to_at > $4
		union select 'decided', '', s.item_id, d.decider_id from request_step s, lateral (select decider_id from request_decision where step_id = s.id offset 0) d where s.item_id = any($2)
		order by 1, 2, 3, 4`, people, items, roles, tx.Now)
	if err != nil {
		return err
	}
	var what, name string
	var of, who int
	_, err = pgx.ForEachRow(rows, []any{&what, &name, &of, &who}, func() error {
		switch what {
		case "portal":
			a.portal[name] = append(a.portal[name], who)
		case "role":
			a.members[of] = append(a.members[of], who)
		case "standin":
			a.standins[of] = append(a.standins[of], who)
		case "decided":
			a.decided[of] = append(a.decided[of], who)
		}
		return nil
	})
	return err
}

// barred says that somebody may not be asked at a step.
func (a *asking) barred(s *Step, who int) bool {
	return who == s.Requester || who == s.Beneficiary || slices.Contains(a.standins[s.Requester], who) || slices.Contains(a.standins[s.Beneficiary], who) ||
		slices.Contains(a.decided[s.Item], who)
}

// answers says that a manager or an owner may be asked: they are here, or somebody who may be asked stands in for them.
func (a *asking) answers(s *Step, who int) bool {
	if who == s.Requester || who == s.Beneficiary {
		return false
	}
	return a.here[who] && !a.barred(s, who) || !a.here[who] && slices.ContainsFunc(a.standins[who], func(d int) bool { return !a.barred(s, d) })
}

// of gives who is asked at a step: those the step names, else those it says otherwise, else compliance, else an administrator.
func (a *asking) of(s *Step) []Holder {
	_, found := a.way(s)
	return found
}

// way is of, with the way in which they are found; "" for none.
func (a *asking) way(s *Step) (string, []Holder) {
	for _, by := range []string{s.By, s.Otherwise, Compliance, policy.Administrator} {
		if found := a.by(s, by); len(found) >= max(1, need(s, by)) {
			return by, found
		}
	}
	return "", nil
}

// besides gives who is asked in addition when nobody answers in time.
func (a *asking) besides(s *Step) []Holder {
	for _, by := range []string{s.Otherwise, Compliance, policy.Administrator} {
		more := slices.DeleteFunc(a.by(s, by), func(h Holder) bool {
			return slices.ContainsFunc(s.Holders, func(x Holder) bool { return x.Identity == h.Identity })
		})
		if len(more) > 0 {
			return more
		}
	}
	return nil
}

// need is how many people a way must find: a group's quorum, else one.
func need(s *Step, by string) int {
	if by == Group && s.By == Group {
		return s.Quorum
	}
	return 1
}

// by gives who is asked in one way.
func (a *asking) by(s *Step, by string) []Holder {
	var ids []int
	why := by
	switch by {
	case Manager:
		for _, m := range a.lines[s.Beneficiary] {
			if a.answers(s, m.ID) {
				return []Holder{{Step: s.ID, Identity: m.ID, Why: Manager}}
			}
		}
	case Owner, RoleOwner:
		if s.Owner != nil && a.answers(s, *s.Owner) {
			return []Holder{{Step: s.ID, Identity: *s.Owner, Why: Owner}}
		}
	case Group, Outside:
		ids = a.group(s.Named)
	case Review:
		ids, why = a.portal[policy.Compliance], Compliance
	case Compliance:
		ids = a.portal[policy.Compliance]
	case policy.Administrator:
		ids = a.portal[policy.Administrator]
	}
	var out []Holder
	for _, id := range ids {
		if !a.barred(s, id) {
			out = append(out, Holder{Step: s.ID, Identity: id, Why: why})
		}
	}
	return out
}

// group gives the members of a role, by its id, or those who have a portal role ("portal:it").
func (a *asking) group(name string) []int {
	if role, ok := strings.CutPrefix(name, policy.PortalGroup); ok {
		return a.portal[role]
	}
	id, err := strconv.Atoi(name)
	if err != nil {
		return a.portal[policy.IT] // of a step outside
	}
	return a.members[id]
}
