package lifecycle

import (
	"tenure/internal/access"
	"tenure/internal/db"
	"tenure/internal/policy"
)

// WayOut says what would end that somebody breaks an SoD rule, or let something be granted that is withheld: the person is judged as in a
// settling, once as they are and once for each single fact that could be different. It locks nothing and writes nothing.
func WayOut(tx *db.Tx, who int, g access.Goal) (access.WayOut, error) {
	pol, err := policy.Load(tx)
	if err != nil || pol.Duties() == nil {
		return access.WayOut{}, err
	}
	sub, cat, err := judged(tx, pol, who, access.Look)
	if err != nil || sub == nil {
		return access.WayOut{}, err
	}
	return sub.WayOut(pol, cat, g, tx.Now), nil
}
