// Package scimtest is a SCIM 2.0 server (RFC 7643 and RFC 7644): users and groups over HTTP, kept in memory and, when asked, in
// a journal file. It is the demo's target application and the tests' well-behaved server; its Quirks make it misbehave the
// way servers in the field do.
//
// It implements what provisioning uses: create, read, replace, patch and delete of users and groups, filters, paging by
// index, attribute selection, ETags with If-Match, uniqueness of userName and of a group's displayName. It has no bulk, no sort, no
// /.search and no /Me, and says so in its ServiceProviderConfig.
//
// Membership is kept beside the groups in maps of both directions, so adding or removing one member costs the same in a
// group of fifty thousand as in a group of ten.
package scimtest
