package app

import (
	"testing"
	"time"

	"tenure/internal/config"
	"tenure/internal/notify"
)

// What a decision does to letters and to Slack is sent within five seconds also where no bell wakes a worker.
func TestWhatIsToldWaitsForSecondsAtMost(t *testing.T) {
	all := (&App{Config: &config.Config{Workers: 1}}).queues()
	for _, name := range notify.Queues {
		q, ok := all[name]
		if every := q.FetchPollInterval; !ok || every == 0 || every > 5*time.Second || q.FetchCooldown > time.Second {
			t.Errorf("%s is looked at every %s", name, every)
		}
	}
}
