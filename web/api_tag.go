package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// ETags are strong (RFC 9110, 8.8.3): of things that count their changes, the count; of the others, a hash of the very bytes.

// tagged is what counts its changes.
type tagged interface{ etag() string }

// listed is a page of a list, which has no tag: what comes next may have changed all the same.
type listed interface{ page() }

func tagOf(a any, body []byte) string {
	switch a := a.(type) {
	case tagged:
		return a.etag()
	case listed:
		return ""
	}
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

// named says whether a header names a tag. Weak ones count where the answer is only not sent again.
func named(header, tag string, weak bool) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if weak {
			part = strings.TrimPrefix(part, "W/")
		}
		if part == "*" || part == tag {
			return true
		}
	}
	return false
}

// unchanged refuses a change of something that is not as the asker saw it last. It is asked under the thing's lock.
func (r *request) unchanged(tag string) error {
	switch match := r.GetHeader("If-Match"); {
	case match == "":
		return refusal(http.StatusPreconditionRequired, codeMatchMissing, "say in the header If-Match which ETag of it you saw last")
	case !named(match, tag, false):
		r.Header("ETag", tag)
		return refusal(http.StatusPreconditionFailed, codeChanged, "it was changed since you read it; read it again and decide anew")
	}
	return nil
}
