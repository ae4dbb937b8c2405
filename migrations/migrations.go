// Package migrations embeds the SQL that makes a Tenure database. Forward only.
package migrations

import "embed"

// Files holds the migrations, in the order of their numbers.
//
//go:embed *.sql
var Files embed.FS
