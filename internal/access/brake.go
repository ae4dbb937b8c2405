package access

// Limit is the brake's: the larger of a count and a percentage of the people there were, rounded up. An effect on that many
// people or more waits for a second person.
func Limit(count, percent, people int) int { return max(count, (people*percent+99)/100) }
