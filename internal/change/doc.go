// Package change is policy as code: it reads a folder of YAML files and makes the database agree with them, in one
// transaction that also does what follows for everybody. `tenure apply -f DIR` runs it; --plan-only runs the same and rolls
// back, so the plan is what happens.
//
//	files -> Read (syntax, fields, with file and line) -> Apply: HR sources, applications, policy -> Settle -> brake -> event
//
// Apply takes the policy lock exclusively, so nobody evaluates a policy that is half there. A change that would take access
// from many people at once is refused unless a second person releases it with a reason.
//
// Lint looks at a policy as a whole, and Test holds people against policy files without a database.
//
// docs/reference/policy-files.md describes the files.
//
// Neighbours: catalog and policy store; what a person's access becomes is lifecycle's, passed in as Deps.Settle.
package change
