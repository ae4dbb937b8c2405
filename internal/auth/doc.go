// Package auth is signing in: local passwords, personal tokens, and who is acting.
//
// Deciding needs a person: a command that decides takes a personal token, which a person makes on a signed-in page. Only a
// demo or replay database gives one out on the command line, and its log says so.
package auth
