package policy

import "testing"

// One decision, for somebody with as many roles as there are; the goal is 300 ns.
func BenchmarkAllowed(b *testing.B) {
	r := usual(b)
	roles := Portal.Roles()
	b.ReportAllocs()
	for b.Loop() {
		if r.Allowed(roles, "no.such") || !r.Allowed(roles, "portal.change") {
			b.Fatal("decided otherwise")
		}
	}
}

// A new version of the tables: what the first request after a change pays.
func BenchmarkCompileRights(b *testing.B) {
	all := defaults()
	for b.Loop() {
		if _, err := compileRights(all); err != nil {
			b.Fatal(err)
		}
	}
}
