package main

import (
	"fmt"

	"tenure/internal/app"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/identity"
	"tenure/internal/notify"
)

type slackCmd struct {
	List   slackListCmd   `cmd:"" default:"1" help:"List which Slack user is which person."`
	Link   slackLinkCmd   `cmd:"" help:"Let a Slack user be told and decide as a person; never yourself."`
	Unlink slackUnlinkCmd `cmd:"" help:"End it."`
}

type slackListCmd struct{}

type slackLinked struct {
	Team   string `json:"team"`
	User   string `json:"user"`
	Person string `json:"person"`
	Name   string `json:"name"`
	Since  string `json:"since"`
	By     string `json:"by"`
}

func (c *slackListCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		out := []slackLinked{}
		err := a.DB.Read(r.ctx, func(tx *db.Tx) error {
			all, err := notify.SlackLinks(tx)
			for _, l := range all {
				out = append(out, slackLinked{Team: l.Team, User: l.User, Person: l.Person, Name: l.Name, Since: l.At.UTC().Format("2006-01-02"), By: l.By})
			}
			return err
		})
		if err != nil {
			return err
		}
		return r.answer(out, func() {
			for _, l := range out {
				fmt.Printf("%-14s %-28s since %s, linked by %s\n", l.User, l.Name, l.Since, l.By)
			}
			if len(out) == 0 {
				fmt.Println("No Slack user is linked with anybody: everybody is told by mail.")
			}
		})
	})
}

type slackLinkCmd struct {
	User   string `arg:"" help:"Member ID in Slack, such as U024BE7LH."`
	Person string `arg:"" help:"Number, e-mail address, name or id."`
}

func (c *slackLinkCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		var p *identity.Person
		err := r.do(a, "slack.link", func(tx *db.Tx) (err error) {
			if p, err = identity.Find(tx, c.Person); err != nil {
				return err
			}
			return notify.LinkSlack(tx, a.Config.SlackTeam, c.User, p)
		})
		if err != nil {
			return err
		}
		return r.answer(map[string]string{"user": c.User, "person": p.PublicID}, func() { fmt.Printf("%s is told and decides as %s now. They are told by mail.\n", c.User, p.Name) })
	})
}

type slackUnlinkCmd struct {
	User string `arg:"" help:"Member ID in Slack, such as U024BE7LH."`
}

func (c *slackUnlinkCmd) Run(r *run) error {
	return r.with(func(a *app.App) error {
		if a.Config.SlackTeam == "" {
			return errs.Conflict("Slack is not set up: say which team in TENURE_SLACK_TEAM")
		}
		err := r.do(a, "slack.link", func(tx *db.Tx) error { return notify.UnlinkSlack(tx, a.Config.SlackTeam, c.User) })
		if err != nil {
			return err
		}
		return r.answer(map[string]string{"user": c.User}, func() { fmt.Printf("%s is nobody in Tenure any more.\n", c.User) })
	})
}
