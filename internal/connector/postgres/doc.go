// Package postgres connects the roles of a PostgreSQL server (version 14 or later). Accounts are login roles; entitlements are
// group roles, of kind "role"; a grant is a membership of an account in a group role.
//
// SQL knows no accounts and groups, only roles, so this is what tells them apart: a role is an account when it may log in or
// carries our marker, and an entitlement when neither. The marker is the beginning of the role's comment,
//
//	tenure:<external id> <display name>
//
// A comment of somebody else's is kept: while an adopted account is disabled its comment reads "tenure:- " and what it read
// before, because without the marker a role that may not log in would be taken for a group.
//
// The native id of a role is its oid, which survives a rename. It does not survive a dump and restore into another server;
// the external id in the comment does.
//
// Only direct memberships are grants; what an account holds through a group within a group is that group's. A membership with
// ADMIN OPTION is the same grant as one without. Memberships of PostgreSQL 16 that several grantors gave are one grant, revoked for
// each of them.
//
// PostgreSQL keeps no time of a role's last sign-in, so nobody is found dormant here.
package postgres
