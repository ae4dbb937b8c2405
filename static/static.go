// Package static holds the files a browser fetches: style sheets, the one script, the typeface and the mark.
//
// They are embedded in the binary and served under names that carry a hash of their content, so a browser keeps them for
// ever and still sees a new release at once. Nothing is fetched from anywhere else; licences of what is not ours are in
// licences/.
//
// What is vendored, from npm, unchanged but for dropped pointers to source maps: @tabler/core 1.6.1 (css/tabler.css, MIT),
// htmx.org 4.0.1 (js/htmx.js, 0BSD), @fontsource-variable/inter 5.3.0 (fonts/, SIL OFL 1.1) and shapes of
// @tabler/icons 3.51.0 (in templates/ui, MIT).
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
)

// Prefix is the path below which Handler expects its requests.
const Prefix = "/static/"

//go:embed css/*.css js/*.js fonts/*.woff2 img/*.svg
var files embed.FS

// asset is one file as it is sent.
type asset struct {
	url  string
	kind string
	body []byte
	zip  []byte // nil when packing does not help
}

var (
	byName = load()
	byURL  = index(byName)
)

// Path gives the address of a file, such as "/static/css/tenure.3f2a9c0d1b5e.css" for "css/tenure.css". It panics for a
// file that does not exist: names are constants of our templates, so the first rendering in any test finds a slip.
func Path(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("static: no file " + name)
	}
	return a.url
}

// Bytes gives the content of a file as Handler would send it, for writing pages that stand alone. It panics like Path.
func Bytes(name string) []byte {
	Path(name)
	return byName[name].body
}

// Files lists the address and the content of every file, for a gallery of pages on disk.
func Files() map[string][]byte {
	out := make(map[string][]byte, len(byURL))
	for url, a := range byURL {
		out[url] = a.body
	}
	return out
}

// Handler serves the files at the addresses Path gives, and at no other: an address without its hash or with an old one
// is 404, so no cache ever holds new bytes under an old name. Answers may be kept for a year (RFC 8246, immutable).
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		body := a.body
		if a.zip != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = a.zip
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body) // the browser went away; there is nobody to tell
		}
	})
}

// load reads every file. Style sheets come last, because they name other files whose hashes must be known.
func load() map[string]*asset {
	all := map[string]*asset{}
	var sheets []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
			return nil
		}
		all[name] = read(name, nil)
		return nil
	})
	if err != nil {
		panic("static: " + err.Error()) // the files are part of the binary
	}
	for _, name := range sheets {
		all[name] = read(name, all)
	}
	return all
}

// reference finds url(../fonts/x.woff2) and its quoted forms; data: addresses are left alone.
var reference = regexp.MustCompile(`url\(["']?(\.\./[^"')]+)["']?\)`)

func read(name string, known map[string]*asset) *asset {
	body, err := files.ReadFile(name)
	if err != nil {
		panic("static: " + err.Error())
	}
	if known != nil {
		body = reference.ReplaceAllFunc(body, func(m []byte) []byte {
			target := path.Join(path.Dir(name), string(reference.FindSubmatch(m)[1]))
			a, ok := known[target]
			if !ok {
				panic("static: " + name + " names " + target + ", which does not exist")
			}
			return []byte("url(" + a.url + ")")
		})
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	a := &asset{
		url:  Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		kind: contentType(ext),
		body: body,
	}
	if ext != ".woff2" {
		a.zip = pack(body)
	}
	return a
}

// contentType does not ask the system's table, which differs between machines.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	panic("static: no content type for " + ext)
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a constant that exists
	_, _ = z.Write(body)                                  // a bytes.Buffer takes everything
	_ = z.Close()
	if b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

func index(all map[string]*asset) map[string]*asset {
	out := make(map[string]*asset, len(all))
	for _, a := range all {
		out[a.url] = a
	}
	return out
}
