package app

import (
	"tenure/internal/connector"
	"tenure/internal/connector/postgres"
	"tenure/internal/connector/scim"
)

// Connectors are all kinds of connectors, by the name that files use.
var Connectors = map[string]connector.Kind{
	scim.Kind.Name:     scim.Kind,
	postgres.Kind.Name: postgres.Kind,
}
