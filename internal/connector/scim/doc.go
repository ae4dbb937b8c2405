// Package scim connects a SCIM 2.0 server (RFC 7643, RFC 7644). Accounts are Users; entitlements are Groups, of kind "group".
//
// Servers differ more than the standard allows, so nothing is believed that was not seen:
//
//   - a filter that finds nothing counts only once the same filter has found something that is known to be there; until then,
//     and where filters fail, the whole list is read;
//   - a listing is complete only when it has as many different resources as totalResults says, the same on every page;
//   - a member is added only after a look at the memberships, because some servers list a member as often as it is added;
//   - a server without PATCH gets a PUT of what it holds plus the change, under If-Match where it has ETags, and is read
//     again; without ETags two processes that write the same group at once can undo one another, which the read-back finds.
//
// Keep one connector open per server: it remembers what the server can do.
//
// SCIM has no attribute for the last sign-in; the setting last_sign_in says where a server keeps it.
//
// SCIM has no idempotency keys: CreateAccount looks for the external id first, every other change looks at the state.
package scim
