package policy

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// Version is one version of the policy, as a list shows it. The numbers count what it changed or ended.
type Version struct {
	ID                int
	Applied           time.Time
	Actor             string
	Note              string
	Roles, Rules      int
	Duties, SoD       int
	Offers, Approvals int
}

// Versions gives the newest versions.
func Versions(tx *db.Tx, limit int) ([]Version, error) {
	rows, err := tx.Query(`select v.id, v.applied_at, a.name, v.note, count(distinct o.id) filter (where o.kind = 'role'),
			count(distinct o.id) filter (where o.kind = 'rule'), count(distinct o.id) filter (where o.kind = 'duty'), count(distinct o.id) filter (where o.kind = 'sod'),
			count(distinct o.id) filter (where o.kind = 'offer'), count(distinct o.id) filter (where o.kind = 'approval')
		from (select * from policy_version order by id desc limit $1) v join actor a on a.id = v.actor_id
			left join policy_spec s on v.id in (s.from_version, s.to_version) left join policy_object o on o.id = s.object_id
		group by v.id, v.applied_at, a.name, v.note order by v.id desc`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Version])
}
