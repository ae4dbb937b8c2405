package access

import (
	"strconv"
	"time"

	"tenure/internal/evidence"
)

// Facts is the access part of a person's event: enough to rebuild the reasons and operations from the log.
type Facts struct {
	Added     []ReasonFact    `json:"added,omitempty"`
	Ended     []ReasonFact    `json:"ended,omitempty"`
	Accounts  []AccountFact   `json:"accounts,omitempty"`
	Planned   []OperationFact `json:"planned,omitempty"`
	Cancelled []int64         `json:"cancelled,omitempty"`
	Duties    []DutyFact      `json:"duties,omitempty"`
}

// DutyFact is what became of an SoD rule for the person: open, accepted or resolved; exception_expired and the like; withheld and
// released, with the entitlement.
type DutyFact struct {
	Rule        int    `json:"s"`
	What        string `json:"w"`
	Entitlement int    `json:"e,omitempty"`
}

// ReasonFact is one reason: entitlement, kind, what gave it, the role on the way and its parameters, the employment, and until when.
type ReasonFact struct {
	Entitlement int    `json:"e"`
	Kind        string `json:"k"`
	Ref         int    `json:"r,omitempty"`
	Via         int    `json:"v,omitempty"`
	Policy      int    `json:"p,omitempty"`
	Employment  int    `json:"m,omitempty"`
	Until       string `json:"u,omitempty"`
	Param       string `json:"x,omitempty"` // what the role was given with
}

// AccountFact is one account made for the person.
type AccountFact struct {
	ID          int `json:"id"`
	Application int `json:"a"`
}

// OperationFact is one operation decided.
type OperationFact struct {
	ID          int64  `json:"id"`
	Account     int    `json:"a"`
	Kind        string `json:"k"`
	Entitlement int    `json:"e,omitempty"`
}

func factOf(r *Reason) ReasonFact {
	f := ReasonFact{Entitlement: r.Entitlement, Kind: r.Kind, Ref: r.Ref, Via: r.Via, Policy: r.PolicyVersion, Employment: r.Employment, Param: r.Param}
	if r.ValidTo.Before(forever) {
		f.Until = r.ValidTo.UTC().Format(time.RFC3339)
	}
	return f
}

// AppendJSON appends the facts as encoding/json would write them.
func (f *Facts) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	start := len(b)
	b = list(b, start, "added", f.Added, (*ReasonFact).appendTo)
	b = list(b, start, "ended", f.Ended, (*ReasonFact).appendTo)
	b = list(b, start, "accounts", f.Accounts, (*AccountFact).appendTo)
	b = list(b, start, "planned", f.Planned, (*OperationFact).appendTo)
	b = list(b, start, "cancelled", f.Cancelled, func(id *int64, b []byte) []byte { return strconv.AppendInt(b, *id, 10) })
	b = list(b, start, "duties", f.Duties, (*DutyFact).appendTo)
	return append(b, '}')
}

// list appends a named array, nothing for an empty one. start is where the object around it begins.
func list[T any](b []byte, start int, name string, all []T, one func(*T, []byte) []byte) []byte {
	if len(all) == 0 {
		return b
	}
	if len(b) > start {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), name...), `":[`...)
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(&all[i], b)
	}
	return append(b, ']')
}

func (r *ReasonFact) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"e":`...), int64(r.Entitlement), 10)
	b = evidence.AppendString(append(b, `,"k":`...), r.Kind)
	b = number(b, `,"r":`, int64(r.Ref))
	b = number(b, `,"v":`, int64(r.Via))
	b = number(b, `,"p":`, int64(r.Policy))
	b = number(b, `,"m":`, int64(r.Employment))
	if r.Until != "" {
		b = evidence.AppendString(append(b, `,"u":`...), r.Until)
	}
	if r.Param != "" {
		b = evidence.AppendString(append(b, `,"x":`...), r.Param)
	}
	return append(b, '}')
}

func (a *AccountFact) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), int64(a.ID), 10)
	b = strconv.AppendInt(append(b, `,"a":`...), int64(a.Application), 10)
	return append(b, '}')
}

func (o *OperationFact) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), o.ID, 10)
	b = strconv.AppendInt(append(b, `,"a":`...), int64(o.Account), 10)
	b = evidence.AppendString(append(b, `,"k":`...), o.Kind)
	b = number(b, `,"e":`, int64(o.Entitlement))
	return append(b, '}')
}

func (d *DutyFact) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"s":`...), int64(d.Rule), 10)
	b = evidence.AppendString(append(b, `,"w":`...), d.What)
	b = number(b, `,"e":`, int64(d.Entitlement))
	return append(b, '}')
}

// number appends a field that is left out when it is 0.
func number(b []byte, field string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, field...), n, 10)
}
