package provision

import (
	"testing"
	"time"
)

// The wait before the next attempt doubles from two seconds to a quarter of an hour; jitter spreads it between half of that and
// the whole plus a second.
func TestBackoffStaysWithinItsBounds(t *testing.T) {
	full := 2 * time.Second
	for attempt := 1; attempt <= 40; attempt++ {
		low, high := time.Hour, time.Duration(0)
		for range 2000 {
			d := backoff(attempt)
			low, high = min(low, d), max(high, d)
		}
		if low < full/2 || high >= full+time.Second {
			t.Errorf("attempt %d: waits from %v to %v, want within [%v, %v)", attempt, low, high, full/2, full+time.Second)
		}
		if spread := full/2 + time.Second; high-low < spread*9/10 { // of 2,000 draws: less has a chance of one in 10^90
			t.Errorf("attempt %d: waits only from %v to %v: workers return together", attempt, low, high)
		}
		full = min(2*full, 15*time.Minute)
	}
}
