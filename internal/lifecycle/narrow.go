package lifecycle

import (
	"fmt"
	"slices"

	"tenure/internal/access"
	"tenure/internal/campaign"
	"tenure/internal/db"
	"tenure/internal/request"
)

// lowerLevels gives the lower levels of what was asked for, in the words of reviews.
func lowerLevels(tx *db.Tx, items []int) (map[int][]campaign.Lower, error) {
	lower, err := request.Lower(tx, items)
	out := make(map[int][]campaign.Lower, len(lower))
	for id, levels := range lower {
		for _, l := range levels {
			out[id] = append(out[id], campaign.Lower{Name: l.Name, Title: l.Title, Gives: l.Gives, Takes: l.Takes})
		}
	}
	return out, err
}

// narrowing is one removal that is carried out by narrowing a request's item.
type narrowing struct {
	removal *campaign.Removal
	item    int
	hand    func(why string)
}

// lower notes what is narrowed for one removal: the request that gives the access now, which is another one where it was extended since. What
// gives the access besides is not what was narrowed: whoever owns it looks.
func (k *carrying) lower(r *campaign.Removal, held []access.Reason, hand func(why string)) {
	for _, h := range held {
		if h.Kind == access.Requested {
			k.narrow = append(k.narrow, narrowing{removal: r, item: h.Ref, hand: hand})
		} else {
			hand("something else than the request that was narrowed gives it by now")
		}
	}
}

// narrowRequests makes of requests what the levels give that reviewers chose.
func (k *carrying) narrowRequests() error {
	ids := make([]int, len(k.narrow))
	for n, x := range k.narrow {
		ids[n] = x.item
	}
	lower, err := request.Lower(k.tx, ids)
	if err != nil {
		return err
	}
	to, all := map[int]string{}, k.narrow
	k.narrow = nil
	for _, x := range all {
		at := slices.IndexFunc(lower[x.item], func(l request.LowerLevel) bool { return l.Name == x.removal.Level })
		if at < 0 || !slices.Contains(lower[x.item][at].Takes, x.removal.Entitlement) {
			x.hand(fmt.Sprintf("the level %s is not offered any more, or gives it by now", x.removal.Level))
			continue
		}
		to[x.item], k.narrow = x.removal.Level, append(k.narrow, x)
	}
	_, err = request.Narrow(k.tx, to, k.why())
	return err
}
