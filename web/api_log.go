package web

import (
	"time"

	"tenure/internal/audit/trail"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/templates/lang"
)

// apiLog says how the evidence log stands.
type apiLog struct {
	Size     int64       `json:"size" doc:"How many events are under the signed head."`
	Root     string      `json:"root" doc:"The root of their Merkle tree (RFC 6962), in base64."`
	Head     string      `json:"signed_head" doc:"The head as it is signed: a C2SP tlog-checkpoint in a signed note. Whoever keeps it can hold the log against it later."`
	SealedAt time.Time   `json:"sealed_at" doc:"When it was signed."`
	Through  time.Time   `json:"through" doc:"When the last of the events was recorded."`
	Keys     []string    `json:"keys" nullable:"false" doc:"Public keys of the log, the first one first."`
	Anchors  []apiAnchor `json:"anchors" nullable:"false" doc:"Where heads are kept outside of the database."`
}

// apiAnchor is one of them.
type apiAnchor struct {
	Sink    string     `json:"sink" doc:"file, mail, or the public key of a witness."`
	Size    int64      `json:"size" doc:"How many events the head that is there speaks of; 0 for none yet."`
	Through *time.Time `json:"through,omitempty" nullable:"false" doc:"When the last of these events was recorded."`
	At      *time.Time `json:"at,omitempty" nullable:"false" doc:"When it was brought there."`
	Blocked bool       `json:"blocked" doc:"Whether something stands in the way."`
}

func (s *server) ofLog() []operation {
	return []operation{
		reads(operation{path: "/log", permission: "evidence.read", name: "getLogHead", tag: "evidence", summary: lang.Mark("Read the head of the evidence log"),
			doc: "How many events are sealed, the signed head over them, and how far it is anchored outside of the database."}, s.apiLog),
	}
}

func (s *server) apiLog(_ *request, tx *db.Tx, _ nothingAsked) (apiLog, error) {
	x, err := trail.Stand(tx, s.app.Anchor.Names())
	if err != nil {
		return apiLog{}, err
	}
	if x.Size == 0 {
		return apiLog{}, errs.NotFound("nothing is sealed yet")
	}
	out := apiLog{Size: x.Size, Root: x.Root, Head: string(x.Signed), SealedAt: x.SealedAt.UTC(), Through: x.Through.UTC(), Keys: []string{}, Anchors: []apiAnchor{}}
	for _, k := range x.Keys {
		out.Keys = append(out.Keys, k.Public)
	}
	for _, k := range x.Sinks {
		if k.Sink == trail.SinkLog {
			continue
		}
		a := apiAnchor{Sink: k.Sink, Size: k.Size, Blocked: k.Error != ""}
		if k.Size > 0 {
			through, at := k.Through.UTC(), k.At.UTC()
			a.Through, a.At = &through, &at
		}
		out.Anchors = append(out.Anchors, a)
	}
	return out, nil
}
