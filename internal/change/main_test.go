package change_test

import (
	"testing"

	"tenure/internal/catalog/tempdb"
)

func TestMain(m *testing.M) { tempdb.Main(m) }
