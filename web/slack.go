package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"tenure/internal/auth"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/lifecycle"
	"tenure/internal/notify"
	req "tenure/internal/request"
)

// slackPath is where Slack sends what people click: "Request URL" of the app's interactivity.
const slackPath = "/hooks/slack"

// slackHook answers what somebody did in Slack. There is no session: Slack's signature, not older than five minutes and used once, says that
// it was the workspace of the configuration, and a link made by IT says who it was. What they may decide is asked as anywhere else. Who is
// refused is told in words that only they see.
func (s *server) slackHook(r *request) error {
	k := s.app.Notify.Slack
	if k == nil {
		return errs.NotFound("Slack is not set up here")
	}
	body, err := io.ReadAll(r.Request.Body)
	if err != nil {
		return asInvalid(err)
	}
	signature := r.GetHeader("X-Slack-Signature")
	if err := notify.VerifySlack(k.Secret, r.GetHeader("X-Slack-Request-Timestamp"), signature, body, time.Now()); err != nil {
		return err
	}
	ctx := r.Request.Context()
	if err := s.app.DB.Do(ctx, db.System, func(tx *db.Tx) error { return notify.SeenSlack(tx, signature) }); err != nil {
		return err
	}
	in, err := notify.ParseSlack(body)
	if err != nil {
		return err
	}
	if in.Team != k.Team {
		return errs.Forbidden("this came from another Slack team")
	}
	actor, err := s.slackActor(r, in)
	if err != nil {
		return s.slackSays(r, in, err)
	}
	if in.Action == "open" { // a link: the portal asks for a sign-in
		r.Status(http.StatusOK)
		return nil
	}
	if in.Action == "deny" && !in.Window {
		if err := k.AskReason(ctx, in.Trigger, in.Value); err != nil {
			return s.slackSays(r, in, err)
		}
		r.Status(http.StatusOK)
		return nil
	}
	if in.Action == "narrow" && !in.Window {
		if err := s.slackNarrows(ctx, actor, in); err != nil {
			return s.slackSays(r, in, err)
		}
		r.Status(http.StatusOK)
		return nil
	}
	if in.Window && in.Action == "deny" && in.Reason == "" {
		return s.slackSays(r, in, errs.Invalid("say why"))
	}
	text, err := s.slackDecides(ctx, actor, in)
	if err != nil {
		return s.slackSays(r, in, err)
	}
	if !in.Window {
		s.whisper(r, in, text)
	}
	r.Status(http.StatusOK)
	return nil
}

// slackDecides answers a step as the person who is linked. What is risky has no buttons in Slack, and is refused here as well: the portal asks
// for a proof of who decides.
func (s *server) slackDecides(ctx context.Context, actor db.Actor, in *notify.Interaction) (string, error) {
	step, err := slackStep(in)
	if err != nil {
		return "", err
	}
	err = s.app.DB.Do(ctx, actor, func(tx *db.Tx) error {
		it, err := s.slackItem(tx, step)
		if err != nil {
			return err
		}
		a := req.Answer{Outcome: in.Action, Reason: in.Reason}
		if in.Action == "narrow" {
			if a, err = (slackAnswer{in}).narrower(tx, it, actor.Identity); err != nil {
				return err
			}
		}
		a.Step, a.Via = step, "slack"
		_, err = lifecycle.Requests.Decide(tx, a)
		return err
	})
	return map[string]string{req.Approve: "Approved.", req.Deny: "Denied."}[in.Action], err
}

// slackItem gives the item of a step that may be decided in Slack.
func (s *server) slackItem(tx *db.Tx, step int) (*req.Item, error) {
	_, it, _, err := req.OfStep(tx, step)
	if err == nil && !it.Plainly() {
		err = errs.Forbidden("this is risky: decide it in the portal")
	}
	return it, err
}

// slackActor gives who acts: a person who is linked, and here.
func (s *server) slackActor(r *request, in *notify.Interaction) (actor db.Actor, err error) {
	err = s.app.DB.Do(r.Request.Context(), db.System, func(tx *db.Tx) error {
		who, err := notify.SlackPerson(tx, in.Team, in.User)
		if err != nil {
			return err
		}
		p, err := auth.Still(tx, who)
		if err != nil {
			return err
		}
		if p == nil {
			return errs.Forbidden("your account is not active")
		}
		actor, err = tx.ActorOf(who, "person", p.Person.Name)
		return err
	})
	return actor, err
}

// slackSays tells somebody why something was not done: in the window they wrote in, or in words that only they see.
func (s *server) slackSays(r *request, in *notify.Interaction, err error) error {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err
	}
	text := sentence(e.Error())
	if in.Window {
		r.JSON(http.StatusOK, map[string]any{"response_action": "errors", "errors": map[string]string{fieldOf(in, e): text}})
		return nil
	}
	s.whisper(r, in, text)
	r.Status(http.StatusOK)
	return nil
}

// fieldOf is the field of a window at which an error is told: the one that it is about, else the first. Slack wants one that is there.
func fieldOf(in *notify.Interaction, e *errs.Error) string {
	for _, f := range e.Fields {
		if slices.Contains(in.Fields, f.Field) {
			return f.Field
		}
	}
	if len(in.Fields) == 0 {
		return "reason"
	}
	return in.Fields[0]
}

func (s *server) whisper(r *request, in *notify.Interaction, text string) {
	if text == "" {
		return
	}
	if err := s.app.Notify.Slack.Whisper(r.Request.Context(), in.Channel, in.User, text); err != nil {
		slog.Warn("Slack did not take a message", "error", err, "reference", r.reference())
	}
}
