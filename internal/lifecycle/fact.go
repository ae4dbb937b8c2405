package lifecycle

import (
	"strconv"

	"tenure/internal/access"
	"tenure/internal/evidence"
)

// fact is what a person's event says: the state before and after, why, what HR stated, and the access part.
type fact struct {
	State  [2]string         `json:"state"`
	Cause  string            `json:"cause"`
	Ref    int               `json:"ref,omitempty"`
	HR     evidence.Appender `json:"hr,omitempty"`
	Access *access.Facts     `json:"access"`
}

// AppendJSON appends the fact as encoding/json would write it.
func (f *fact) AppendJSON(b []byte) []byte {
	b = evidence.AppendString(append(b, `{"state":[`...), f.State[0])
	b = evidence.AppendString(append(b, ','), f.State[1])
	b = evidence.AppendString(append(b, `],"cause":`...), f.Cause)
	if f.Ref != 0 {
		b = strconv.AppendInt(append(b, `,"ref":`...), int64(f.Ref), 10)
	}
	if f.HR != nil {
		b = f.HR.AppendJSON(append(b, `,"hr":`...))
	}
	b = f.Access.AppendJSON(append(b, `,"access":`...))
	return append(b, '}')
}
