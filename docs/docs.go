// Package docs has those files of the documentation that the program hands out.
package docs

import _ "embed"

// Verifier is the verifier of evidence packs in Python, with its standard library only.
//
//go:embed verify.py
var Verifier []byte
