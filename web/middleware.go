package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tenure/internal/errs"
	"tenure/static"
)

const keyReference = "tenure.reference"

// contentPolicy lets a page use what comes from here and nothing else: no inline script or style, no frame, no other host.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Sizes of what may be sent.
const (
	maxForm   = 256 << 10
	maxUpload = 64 << 20
)

// reachedAt notes by which address browsers reach the portal.
func (s *server) reachedAt(public string) error {
	s.origin = http.NewCrossOriginProtection()
	if public == "" {
		return nil
	}
	u, err := url.Parse(public)
	if err != nil {
		return err
	}
	s.secure, s.public = u.Scheme == "https", strings.TrimRight(public, "/")
	return s.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host)
}

// begin names the request and writes one line about it when it is answered: the route's pattern and never the address itself,
// which may hold what somebody searched for or whose page it was.
func (s *server) begin(c *gin.Context) {
	started := time.Now()
	reference := newReference()
	c.Set(keyReference, reference)
	c.Header("X-Request-Id", reference)
	c.Next()
	if strings.HasPrefix(c.FullPath(), static.Prefix) {
		return
	}
	slog.Info("request", "method", c.Request.Method, "route", c.FullPath(), "status", c.Writer.Status(),
		"ms", time.Since(started).Milliseconds(), "bytes", c.Writer.Size(), "reference", reference)
}

// recovered turns a panic into the page for what went wrong on our side.
func (s *server) recovered(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		slog.Error("panic", "reference", c.GetString(keyReference), "panic", p, "stack", string(debug.Stack()))
		s.fail(s.asks(c), fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}

// headers are on every answer, whatever it is.
func (s *server) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	// Pages are personal; the files below /static/ say otherwise for themselves.
	h.Set("Cache-Control", "no-store")
	c.Next()
}

// limit bounds what is read of a request's body. Only the upload of a file may be large.
func (s *server) limit(c *gin.Context) {
	n := int64(maxForm)
	if strings.HasPrefix(c.ContentType(), "multipart/form-data") && c.FullPath() == uploadPath {
		n = maxUpload + maxForm
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
	c.Next()
}

// sameOrigin refuses a change that another site's page asks a browser for. Browsers say where a request comes from
// (Sec-Fetch-Site, or at least Origin); one that carries a session and says neither is refused, too.
func (s *server) sameOrigin(c *gin.Context) {
	h := c.Request
	err := s.origin.Check(h)
	if err == nil && h.Method != http.MethodGet && h.Method != http.MethodHead && h.Method != http.MethodOptions &&
		h.Header.Get("Origin") == "" && h.Header.Get("Sec-Fetch-Site") == "" {
		if _, noCookie := h.Cookie(s.sessions.Cookie.Name); noCookie == nil {
			err = errors.New("neither Origin nor Sec-Fetch-Site")
		}
	}
	if err != nil {
		s.fail(s.asks(c), errs.Forbidden("this did not come from a page of the portal, so nothing was done; open the page here and try again"))
		c.Abort()
		return
	}
	c.Next()
}
