package trail_test

import (
	"testing"

	"tenure/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
