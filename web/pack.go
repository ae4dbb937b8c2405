package web

import (
	"bytes"
	"compress/gzip"
	"strings"
	"sync"
)

// packFrom is how large a page must be for packing to be worth its time.
const packFrom = 1400

// packers work fast: to make a page a tenth smaller takes three times as long.
var packers = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }} // the level is a constant that exists

// send answers with a rendered page, packed where the browser takes that. Files and streams do not come through here: they are
// packed beforehand, or must not be held back.
func (r *request) send(status int, page []byte) {
	h := r.Writer.Header()
	h.Add("Vary", "Accept-Encoding")
	if len(page) >= packFrom && strings.Contains(r.Request.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		z := packers.Get().(*gzip.Writer)
		z.Reset(&b)
		_, err := z.Write(page)
		if err == nil && z.Close() == nil && b.Len() < len(page) {
			h.Set("Content-Encoding", "gzip")
			page = b.Bytes()
		}
		packers.Put(z)
	}
	r.Data(status, "text/html; charset=utf-8", page)
}
