package web

import (
	"time"

	"tenure/internal/db"
	"tenure/internal/lifecycle"
	"tenure/internal/policy"
	asking "tenure/internal/request"
)

// apiPreview is what asking would do: nothing is asked.
type apiPreview struct {
	Beneficiary PersonRef        `json:"beneficiary" doc:"Whom it would be for."`
	Items       []apiPreviewItem `json:"items" nullable:"false" doc:"What would be asked for."`
}

// apiPreviewItem is one thing of it.
type apiPreviewItem struct {
	Act        string            `json:"act" enum:"grant,extend,level,activate,emergency" doc:"What it would do when it is granted."`
	Offer      string            `json:"offer" doc:"The offer's name."`
	Title      string            `json:"title" doc:"The offer in plain words."`
	Level      string            `json:"level" doc:"The level's name."`
	Parameters map[string]string `json:"parameters,omitempty" doc:"What was said besides."`
	Risk       string            `json:"risk" enum:"low,medium,high,critical" doc:"The highest of what it gives."`
	From       time.Time         `json:"from" doc:"From when."`
	To         time.Time         `json:"to" doc:"Until when."`
	Automatic  bool              `json:"automatic" doc:"Whether a stated rule would grant it at once."`
	Conflicts  []apiConflict     `json:"conflicts" nullable:"false" doc:"SoD rules that it would break."`
	Steps      []apiAhead        `json:"steps" nullable:"false" doc:"Who would decide, in this order; those of one position together."`
	Latest     time.Time         `json:"latest" doc:"When it would be decided at the latest, or expire."`
}

// apiAhead is one stage of a decision that nobody has asked for yet.
type apiAhead struct {
	Position int         `json:"position" doc:"Its place in the order."`
	By       string      `json:"by" enum:"manager,owner,role_owner,group,compliance,wait,outside,review" doc:"As what somebody would decide it."`
	Named    string      `json:"named,omitempty" doc:"Which group, or what is owned."`
	Quorum   int         `json:"quorum" doc:"How many would have to approve."`
	Hours    int         `json:"hours" doc:"How many working hours they would have."`
	Holders  []PersonRef `json:"holders" nullable:"false" doc:"Who would be asked."`
}

// apiPreviewed says what asking would do: what is wrong with it is told as it is when it is asked.
func (s *server) apiPreviewed(r *request, tx *db.Tx, in apiAskIn) (out apiPreview, err error) {
	ask, err := r.apiWishes(tx, in)
	if err != nil {
		return out, err
	}
	x, err := lifecycle.Requests.Preview(tx, ask)
	if err != nil {
		return out, inBody(err, "wishes", "items", "of", "item")
	}
	o, err := showing(tx, x)
	if err != nil {
		return out, err
	}
	c, err := asking.WorkingTime(tx)
	out.Beneficiary, out.Items = o.ref(x.Beneficiary), []apiPreviewItem{}
	for _, it := range x.Items {
		out.Items = append(out.Items, o.preview(it, c, tx.Now))
	}
	return out, err
}

func (o *requestsOut) preview(it *asking.Item, c *asking.Calendar, now time.Time) apiPreviewItem {
	i := apiPreviewItem{Act: string(it.Act), Level: it.Level, Parameters: policy.ParseParam(it.Param), Risk: it.Risk, From: it.AskedFrom.UTC(), To: it.AskedTo.UTC(), Automatic: it.Automatic,
		Conflicts: conflictsOut(it.Conflicts), Steps: []apiAhead{}, Latest: it.Latest(c, now).UTC()}
	i.Offer, i.Title = o.offer(it.Offer)
	for _, st := range it.Steps {
		was := o.stage(st)
		i.Steps = append(i.Steps, apiAhead{st.Position, st.By, was.Named, st.Quorum, st.Hours, was.Holders})
	}
	return i
}
