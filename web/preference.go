package web

// preferences are how a reader likes the portal.
type preferences struct {
	Letters bool   // single letters act
	Dense   bool   // lists are dense
	Zone    string // IANA name; "" for the employment's
	Start   string // where "/" and signing in lead; "" for the home
}

// prefs are the reader's preferences.
func (r *request) prefs() preferences {
	return preferences{Letters: true}
}
