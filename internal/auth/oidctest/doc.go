// Package oidctest has OpenID providers for tests, over real HTTP on 127.0.0.1: an honest one, on the provider of github.com/zitadel/oidc
// with people whom the test names, and Liar, which answers however a test wants.
package oidctest
