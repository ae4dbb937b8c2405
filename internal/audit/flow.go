package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/db"
)

// ReadyBy is how long after the start of their first day, which is midnight where they are, a joiner's access must be
// verified to count as ready on day one: access begins with the first day, and nobody works at midnight.
const ReadyBy = 8 * time.Hour

// most is how many cases are kept behind a figure.
const most = 25

// flowed is one leaver or joiner with what became of the operations that followed.
type flowed struct {
	Case
	decided time.Time // in business time
	done    bool      // all that followed is verified
	none    bool      // nothing followed
	work    time.Duration
}

// flowSQL gives the events of some kinds ($1) between two instants ($2, $3), each with the operations of some kinds ($4) that
// it planned, those cancelled since left out, and the instant at which the job ended or began as HR states it now.
//
// Two clocks meet here. The job's instant and the event's are business time; the operations' are record time. Each difference
// is taken within one clock and the two are added, so a history that was replayed tells the same as one that was lived.
const flowSQL = `
with e as (
	select e.id, e.identity_id, e.kind, e.effective_at, f.facts from event e
		cross join lateral (select convert_from(e.leaf, 'UTF8')::jsonb->'facts' facts) f
	where e.kind = any($1) and e.kind in ('person.left', 'person.terminated', 'person.joined', 'person.rehired')
		and e.effective_at > $2 and e.effective_at <= $3),
ops as (
	select e.id, count(*) n, count(*) filter (where o.state <> 'verified') open, count(*) filter (where o.state = 'failed') failed,
		max(o.verified_at) - min(o.created_at) work, min(o.created_at) created
	from e cross join lateral jsonb_array_elements(e.facts->'access'->'planned') x join operation o on o.id = (x->>'id')::bigint
	where x->>'k' = any($4) and o.state <> 'cancelled' group by e.id)
select e.identity_id, e.kind, e.effective_at, coalesce(b.at, e.effective_at), coalesce(b.day, ''), coalesce(o.n, 0), coalesce(o.open, 0), coalesce(o.failed, 0),
	coalesce(extract(epoch from case when o.open > 0 then clock_timestamp() - o.created else o.work end), 0)::float8
from e left join ops o on o.id = e.id left join lateral (`

// ended is the last day that was over when the person left: nothing when the employment was said never to have been, or the
// person was terminated at once; then the event itself is the end.
const ended = `select case when e.kind = 'person.left' and not bool_or(v.status = 'rescinded') then max(v.ends_at) filter (where v.ends_at <= e.effective_at) end at,
		case when e.kind = 'person.left' and not bool_or(v.status = 'rescinded') then max(v.last_day) filter (where v.ends_at <= e.effective_at) end::text as day
	from employment_version v where v.identity_id = e.identity_id and v.known_to = 'infinity' and v.valid_from <= e.effective_at and v.valid_to > e.effective_at`

// begun is the newest first day that had come when the person joined.
const begun = `select max(v.starts_at) at, max(v.first_day)::text as day from employment_version v where v.identity_id = e.identity_id and v.known_to = 'infinity' and v.status <> 'rescinded'
	and v.valid_from <= e.effective_at and v.valid_to > e.effective_at and v.starts_at <= e.effective_at`

// joined leaves out who did not begin to work, and whom the first good file of an HR source brought: they were here before.
const joined = ` where e.facts->'state'->>1 = 'active' and not (e.facts->>'cause' = 'hr' and (e.facts->>'ref')::int in
	(select min(id) from snapshot where state = 'applied' group by source_id))`

func readFlow(tx *db.Tx, sql string, kinds, operations []string, from time.Time) ([]flowed, error) {
	rows, err := tx.Query(sql, kinds, from, tx.Now, operations)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (f flowed, err error) {
		var n int
		var work float64
		err = r.Scan(&f.Identity, &f.Kind, &f.decided, &f.At, &f.Day, &n, &f.Open, &f.Failed, &work)
		f.work = time.Duration(work * float64(time.Second))
		f.none, f.done = n == 0, n > 0 && f.Open == 0
		f.Late = int64(f.decided.Sub(f.At).Seconds())
		f.Seconds = int64((f.decided.Sub(f.At) + f.work + time.Second - 1).Truncate(time.Second).Seconds())
		return f, err
	})
}

func countFlows(tx *db.Tx, f *Figures) error {
	from := tx.Now.AddDate(0, 0, -Periods[len(Periods)-1])
	leavers, err := readFlow(tx, flowSQL+ended+`) b on true`, []string{"person.left", "person.terminated"}, []string{"disable", "revoke"}, from)
	if err != nil {
		return err
	}
	joiners, err := readFlow(tx, flowSQL+begun+`) b on true`+joined, []string{"person.joined", "person.rehired"}, []string{"create", "enable", "grant"}, from)
	if err != nil {
		return err
	}
	for _, days := range Periods {
		since := tx.Now.AddDate(0, 0, -days)
		f.Flow[days] = flowOf(after(leavers, since), after(joiners, since), tx.Now)
	}
	f.Weeks = weeks(leavers, joiners, tx.Now)
	return nil
}

// after gives what was decided after an instant.
func after(all []flowed, since time.Time) []flowed {
	return slices.DeleteFunc(slices.Clone(all), func(f flowed) bool { return !f.decided.After(since) })
}

func flowOf(leavers, joiners []flowed, now time.Time) Flow {
	var f Flow
	var whole, work []int64
	for i := range leavers {
		l := &leavers[i]
		if l.Kind == "person.terminated" {
			f.Terminations++
		}
		switch {
		case l.none:
			f.Nothing++
			continue
		case l.done:
			whole, work = append(whole, l.Seconds), append(work, l.Seconds-l.Late)
		default:
			f.Open++
		}
		f.Worst = append(f.Worst, l.Case)
	}
	f.Leavers, f.Work = spread(whole), spread(work)
	slices.SortFunc(f.Worst, func(a, b Case) int {
		return cmp.Or(cmp.Compare(min(b.Open, 1), min(a.Open, 1)), cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Identity, b.Identity))
	})
	f.Worst = f.Worst[:min(len(f.Worst), most)]
	for i := range joiners {
		j := &joiners[i]
		counts, ready := j.ready(now)
		if !counts {
			continue
		}
		f.Joiners++
		if ready {
			f.Ready++
		} else {
			f.Unready = append(f.Unready, j.Case)
			if time.Duration(j.Late)*time.Second > ReadyBy {
				f.ToldLate++
			}
		}
	}
	slices.SortFunc(f.Unready, func(a, b Case) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Identity, b.Identity)) })
	f.Unready = f.Unready[:min(len(f.Unready), most)]
	return f
}

// ready says whether a joiner counts, and was ready on day one. Who is to get nothing does not count, nor does somebody whose
// day has not begun.
func (f *flowed) ready(now time.Time) (counts, ready bool) {
	switch {
	case f.none:
		return false, false
	case f.done:
		return true, time.Duration(f.Seconds)*time.Second <= ReadyBy
	}
	return now.Sub(f.At) > ReadyBy, false
}

// spread sorts times and takes the nearest rank of each percentile. The sample keeps the ends and steps evenly between them.
func spread(all []int64) Spread {
	s := Spread{N: len(all)}
	if s.N == 0 {
		return s
	}
	slices.Sort(all)
	rank := func(percent int) int64 { return all[max(0, (percent*s.N+99)/100-1)] }
	s.P50, s.P95, s.Worst = rank(50), rank(95), all[s.N-1]
	k := min(s.N, 120)
	for i := range k {
		s.Sample = append(s.Sample, all[i*(s.N-1)/max(1, k-1)])
	}
	return s
}

// weeks puts the last year's leavers and joiners into weeks, the oldest first.
func weeks(leavers, joiners []flowed, now time.Time) []Week {
	monday := func(t time.Time) time.Time {
		d := t.UTC()
		d = time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, time.UTC)
		return d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	}
	last := monday(now)
	out := make([]Week, 52)
	times := make([][]int64, len(out))
	at := func(t time.Time) int { return len(out) - 1 - int(last.Sub(monday(t)).Hours())/(24*7) }
	for i := range leavers {
		if w := at(leavers[i].decided); w >= 0 && leavers[i].done {
			times[w] = append(times[w], leavers[i].Seconds)
		}
	}
	for i := range out {
		out[i].Monday = last.AddDate(0, 0, -7*(len(out)-1-i)).Format(time.DateOnly)
		out[i].Leavers = spread(times[i])
		out[i].Leavers.Sample = nil
	}
	for i := range joiners {
		w := at(joiners[i].decided)
		counts, ready := joiners[i].ready(now)
		if w < 0 || !counts {
			continue
		}
		out[w].Joiners++
		if ready {
			out[w].Ready++
		}
	}
	return out
}
