package scimtest

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// Prefix is the path under which the SCIM endpoints stand; the base_url of a connector is the server's address plus Prefix.
const Prefix = "/scim/v2"

// Options is what a server is made of. The zero value is a well-behaved server without authentication, in memory only.
type Options struct {
	Token          string // bearer token; empty: none asked
	User, Password string // HTTP basic, when Token is empty and User is not
	StateFile      string // journal that survives a restart; empty: memory only
	Title          string // of the page at /; default "SCIM application"
	Quirks
}

// Quirks are the ways in which servers in the field differ from the standard.
type Quirks struct {
	NoConfig          bool // ServiceProviderConfig answers 404
	NoPatch           bool // PATCH answers 501 and the configuration says so
	NoFilter          bool // a filter answers 400 and the configuration says so
	SilentFilter      bool // filters are ignored: the whole list comes back
	EqOnly            bool // only eq and and are understood
	NoMemberFilter    bool // a filter on members finds nothing
	NoExternalFilter  bool // a filter on externalId finds nothing
	NoExtensionFilter bool // a filter on an extension attribute finds nothing
	CaseExact         bool // userName is compared and unique case-sensitively
	NoETag            bool // no versions, If-Match is ignored
	NoLocation        bool // no Location header, no meta.location
	NoContent         bool // PATCH answers 204 without a body
	MaxPage           int  // resources on a page at most; default 1,000
	IgnoreCount       bool // count is ignored: MaxPage resources a page
	IgnoreStart       bool // startIndex is ignored: every page is the first
	DuplicateMembers  bool // adding a member twice lists it twice
	StrictBooleans    bool // a boolean sent as a string answers 400
	TextBooleans      bool // booleans are answered as the strings "True" and "False"
	StrictRemove      bool // removing a member that is not there answers 400 noTarget
	NoGroupsOfUser    bool // users do not list their groups
	LaxMembers        bool // a member that is no user is accepted
}

// Server is a SCIM 2.0 server; it implements http.Handler.
type Server struct {
	opts Options
	mux  *http.ServeMux

	mu      sync.RWMutex
	users   *table
	groups  *table
	of      map[string]map[string]bool // user id -> ids of its groups
	nextSeq uint64
	journal *journal
}

// New makes a server. It fails only when the state file cannot be read or written.
func New(o Options) (*Server, error) {
	if o.Title == "" {
		o.Title = "SCIM application"
	}
	if o.MaxPage <= 0 {
		o.MaxPage = 1000
	}
	s := &Server{opts: o, users: newTable("User"), groups: newTable("Group"), of: map[string]map[string]bool{}}
	if o.CaseExact {
		s.users.fold = func(v string) string { return v }
	}
	if o.StateFile != "" {
		if err := s.openJournal(o.StateFile); err != nil {
			return nil, err
		}
	}
	s.mux = http.NewServeMux()
	s.routes()
	return s, nil
}

// Close closes the state file. What was answered is already in it.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.close()
}

func (s *Server) routes() {
	scim := func(method, path string, h func(http.ResponseWriter, *http.Request) *fault) {
		s.mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
			if !s.allowed(r) {
				w.Header().Set("WWW-Authenticate", "Bearer")
				fail(w, refuse(http.StatusUnauthorized, "", "a valid credential is needed"))
				return
			}
			if f := h(w, r); f != nil {
				fail(w, f)
			}
		})
	}
	scim("GET", "/ServiceProviderConfig", s.serviceProviderConfig)
	scim("GET", "/ResourceTypes", s.resourceTypes)
	scim("GET", "/Schemas", s.schemas)
	for path, kind := range map[string]*table{"/Users": s.users, "/Groups": s.groups} {
		scim("GET", path, func(w http.ResponseWriter, r *http.Request) *fault { return s.list(w, r, kind) })
		scim("POST", path, func(w http.ResponseWriter, r *http.Request) *fault { return s.create(w, r, kind) })
		scim("GET", path+"/{id}", func(w http.ResponseWriter, r *http.Request) *fault { return s.read(w, r, kind) })
		scim("PUT", path+"/{id}", func(w http.ResponseWriter, r *http.Request) *fault { return s.replace(w, r, kind) })
		scim("PATCH", path+"/{id}", func(w http.ResponseWriter, r *http.Request) *fault { return s.patch(w, r, kind) })
		scim("DELETE", path+"/{id}", func(w http.ResponseWriter, r *http.Request) *fault { return s.remove(w, r, kind) })
	}
	s.mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, refuse(http.StatusNotFound, "", "there is no such endpoint"))
	})
	s.mux.HandleFunc("GET /{$}", s.page)
}

// ServeHTTP answers SCIM requests under Prefix and shows the page of accounts and groups at /.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) allowed(r *http.Request) bool {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	if s.opts.Token != "" {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(scheme, "Bearer") && same(token, s.opts.Token)
	}
	if s.opts.User != "" {
		user, password, _ := r.BasicAuth()
		return same(user, s.opts.User) && same(password, s.opts.Password)
	}
	return true
}
