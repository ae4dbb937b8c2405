// Package catalog knows the applications that Tenure looks after: what they are, who owns them, what an account there can
// hold, which accounts exist and whose they are, and what the last readings showed. It holds facts and decides nothing.
//
// An application is declared in a YAML file (ApplicationSpec) and stored by Apply. Its secrets come from the environment or
// from a file, never from the YAML of a live database; they are sealed at rest and leave only through Open, into a connector.
//
// An entitlement is declared in the same file or found by a reading. Every application has one of kind "account" with an empty
// name: having the login itself. In policy files an entitlement is written "application/name", "application/kind:name" where
// two kinds share a name, and "application" alone for the account.
//
// A login name is reserved for ever (ReserveNames): it is never given to another person, not even after the account is gone.
//
// Neighbours: connector and plug below; policy, access and provision read the catalog.
package catalog
