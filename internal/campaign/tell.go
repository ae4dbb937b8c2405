package campaign

import (
	"fmt"
	"strconv"

	"tenure/internal/db"
	"tenure/internal/notify"
)

func thread(campaign, review int) string {
	return fmt.Sprintf("campaign/%d/review/%d", campaign, review)
}

func reviewLink(v *Review) string { return "/reviews/" + strconv.Itoa(v.ID) }

func (c *Campaign) link() string { return "/campaigns/" + c.PublicID }

// message is one message about a review.
func (c *Campaign) message(v *Review, to int, kind, verb string) notify.Message {
	m := notify.Message{To: to, Kind: kind, Subject: notify.Subject{Verb: verb, What: c.Title, Due: v.DueAt}, Link: reviewLink(v), Thread: thread(c.ID, v.ID)}
	m.Lines = []notify.Line{{Label: "To decide", Value: strconv.Itoa(v.Load)}, {Label: "Items", Value: strconv.Itoa(v.Items)}, {Label: "Until", Value: v.DueAt.UTC().Format("2006-01-02 15:04 MST")}}
	if c.About != "" {
		m.Lines = append(m.Lines, notify.Line{Label: "About", Value: c.About})
	}
	return m
}

// tellOpened tells those whose reviews opened.
func tellOpened(tx *db.Tx, c *Campaign, all []*Review) error {
	var out []notify.Message
	for _, v := range all {
		if v.Reviewer != tx.Actor.Identity {
			out = append(out, c.message(v, v.Reviewer, notify.Review, "Review"))
		}
	}
	return notify.Send(tx, out...)
}

// tellReviews tells those whose wave begins, and reminds others.
func tellReviews(tx *db.Tx, begin, remind []*Review) error {
	var out []notify.Message
	for _, v := range begin {
		c := &Campaign{ID: v.Campaign, Title: v.Title}
		out = append(out, c.message(v, v.Reviewer, notify.Review, "Review"))
	}
	for _, v := range remind {
		c := &Campaign{ID: v.Campaign, Title: v.Title}
		m := c.message(v, v.Reviewer, notify.Reminder, "Reminder: review")
		m.Lines = append(m.Lines, notify.Line{Label: "Decided", Value: fmt.Sprintf("%d of %d", v.Decided, v.Items)})
		m.Urgent = true
		out = append(out, m)
	}
	return notify.Send(tx, out...)
}

func tellSigned(tx *db.Tx, c *Campaign, v *Review, removals int) error {
	if err := notify.Close(tx, thread(c.ID, v.ID), "Signed off by "+tx.Actor.Name); err != nil {
		return err
	}
	return notify.Hook(tx, "campaign.signed", map[string]any{"campaign": c.PublicID, "review": v.ID, "removals": removals})
}

func tellStopped(tx *db.Tx, c *Campaign) error {
	return notify.Hook(tx, "campaign.stopped", map[string]any{"campaign": c.PublicID})
}

func (c *Campaign) toOwner(kind, verb string, lines ...notify.Line) notify.Message {
	return notify.Message{To: c.Owner, Kind: kind, Subject: notify.Subject{Verb: verb, What: c.Title}, Link: c.link(), Thread: fmt.Sprintf("campaign/%d", c.ID), Lines: lines}
}

func tellClosed(tx *db.Tx, c *Campaign) error {
	if err := notify.Send(tx, c.toOwner(notify.Decided, "Closed: every removal is verified")); err != nil {
		return err
	}
	return notify.Hook(tx, "campaign.closed", map[string]any{"campaign": c.PublicID})
}

// tellByHand tells the owners what they have to take away themselves.
func tellByHand(tx *db.Tx, c *Campaign, all []*Removal) error {
	n := map[int]int{}
	why := map[int]string{}
	for _, r := range all {
		if r.Owner != nil {
			n[*r.Owner]++
			why[*r.Owner] = r.Why
		}
	}
	var out []notify.Message
	for who, k := range n {
		m := c.toOwner(notify.Review, "Remove by hand", notify.Line{Label: "Access", Value: strconv.Itoa(k)}, notify.Line{Label: "Why", Value: why[who]})
		m.To, m.Link = who, "/inbox"
		out = append(out, m)
	}
	return notify.Send(tx, out...)
}

func tellQuestion(tx *db.Tx, c *Campaign, v *Review, i *Item, of int, question string) error {
	return notify.Send(tx, notify.Message{To: of, Kind: notify.Question, Subject: notify.Subject{Verb: "Question about access", What: c.Title}, Link: fmt.Sprintf("/reviews/items/%d", i.ID), Thread: thread(c.ID, v.ID),
		Lines: []notify.Line{{Label: "Asked by", Value: tx.Actor.Name}, {Label: "Question", Value: question}}})
}

func tellAnswer(tx *db.Tx, campaign, review, to int, answer string) error {
	c, err := Find(tx, campaign)
	if err != nil {
		return err
	}
	return notify.Send(tx, notify.Message{To: to, Kind: notify.Question, Subject: notify.Subject{Verb: "Answered", What: c.Title}, Link: "/reviews/" + strconv.Itoa(review), Thread: thread(campaign, review),
		Lines: []notify.Line{{Label: "Answered by", Value: tx.Actor.Name}, {Label: "Answer", Value: answer}}})
}
