// Package policy holds who gets what by right: roles (named bundles of entitlements and other roles) and birthright rules
// (conditions over a person's attributes that give roles or entitlements). It also holds what a person may do in the portal.
//
// A policy version is an immutable snapshot. Save writes a new version when something changed and nothing when nothing did;
// Load gives the version that is current in the caller's own transaction, compiled once per process. Evaluate is pure: the same
// attributes under the same version give the same reasons, so a preview is what happens.
//
// Conditions are written in CEL (cel.dev). They are type-checked when they are saved, cannot fail on odd values later, and are
// bounded in size and cost. Roles are expanded with a Casbin enforcer over the stored rows; Casbin decides portal permissions
// too. Role inheritance has no cycles and at most MaxDepth levels, which is what Casbin follows.
//
// Neighbours: catalog gives the entitlements; access and lifecycle evaluate; change saves.
package policy
