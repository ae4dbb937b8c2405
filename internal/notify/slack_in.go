package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/slack-go/slack"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/identity"
)

// slackWindow is how old a signature may be, as Slack's documentation asks ("Verifying requests from Slack").
const slackWindow = 5 * time.Minute

// VerifySlack checks that Slack signed a body within the last five minutes: version v0, HMAC-SHA256 over v0:timestamp:body.
func VerifySlack(secret, timestamp, signature string, body []byte, now time.Time) error {
	sec, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || secret == "" {
		return errs.Unauthenticated("this was not signed by Slack")
	}
	if age := now.Sub(time.Unix(sec, 0)); age > slackWindow || age < -slackWindow {
		return errs.Unauthenticated("this was signed too long ago")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	got, err := hex.DecodeString(strings.TrimPrefix(signature, "v0="))
	if err != nil || !strings.HasPrefix(signature, "v0=") || !hmac.Equal(got, mac.Sum(nil)) {
		return errs.Unauthenticated("this was not signed by Slack")
	}
	return nil
}

// SeenSlack refuses a signature that came before. It is stored in a transaction of its own: what follows may fail, the signature is used.
func SeenSlack(tx *db.Tx, signature string) error {
	sum := sha256.Sum256([]byte(strings.ToLower(signature))) // hexadecimal: the same in capitals
	n, err := tx.Exec(`insert into slack_seen (signature) values ($1) on conflict do nothing`, sum[:])
	if err == nil && n == 0 {
		return errs.Unauthenticated("this came before")
	}
	return err
}

// Interaction is what somebody did in Slack.
type Interaction struct {
	Team, User string
	Action     string // approve, narrow, deny, or open, which needs no answer
	Value      string // Message.Answer
	Reason     string // of a denial; empty until it was asked for
	Until      string // of what is narrowed: a day such as 2027-03-01
	Level      string
	Trigger    string // with which the window that asks for these is opened
	Channel    string
	Window     bool     // it comes from that window: what is wrong is said in it
	Fields     []string // of the window
}

// ParseSlack reads the body of an interaction: a form with one field, payload.
func ParseSlack(body []byte) (*Interaction, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errs.Invalid("this is no interaction of Slack")
	}
	var c slack.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &c); err != nil {
		return nil, errs.Invalid("this is no interaction of Slack")
	}
	in := &Interaction{Team: c.Team.ID, User: c.User.ID, Trigger: c.TriggerID, Channel: c.Channel.ID}
	switch {
	case c.Type == slack.InteractionTypeBlockActions && len(c.ActionCallback.BlockActions) == 1:
		a := c.ActionCallback.BlockActions[0]
		in.Action, in.Value = a.ActionID, a.Value
	case c.Type == slack.InteractionTypeViewSubmission && c.View.CallbackID == actDeny:
		in.Action, in.Value, in.Window = actDeny, c.View.PrivateMetadata, true
		if c.View.State != nil {
			in.Reason = strings.TrimSpace(c.View.State.Values[reasonID][reasonID].Value)
		}
		in.Fields = []string{reasonID}
	case c.Type == slack.InteractionTypeViewSubmission && c.View.CallbackID == actNarrow:
		in.Action, in.Value, in.Window = actNarrow, c.View.PrivateMetadata, true
		in.narrowed(&c.View)
	default:
		return nil, errs.Invalid("this interaction of Slack is not known here")
	}
	if !slices.Contains([]string{actApprove, actNarrow, actDeny, actOpen}, in.Action) {
		return nil, errs.Invalid("this interaction of Slack is not known here")
	}
	return in, nil
}

// SlackPerson gives the person whom a user of a team is linked with. Whether they are still here is for the caller to say.
func SlackPerson(tx *db.Tx, team, user string) (int, error) {
	var who int
	err := tx.QueryRow(`select identity_id from slack_link where team = $1 and slack_user = $2 and ended_at is null`, team, user).Scan(&who)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errs.Forbidden("your Slack user is not linked with anybody in Tenure: ask IT, or open the portal")
	}
	return who, err
}

// LinkSlack lets a user of a team be told and decide as a person, who is told of it by mail. Nobody links themselves.
func LinkSlack(tx *db.Tx, team, user string, p *identity.Person) error {
	switch {
	case tx.Actor.Identity == 0:
		return errs.Forbidden("a person links, not a shell: whoever is linked decides in that person's name; use a token of IT")
	case tx.Actor.Is(p.ID):
		return errs.Forbidden("nobody links themselves: ask another person of IT")
	case !slackID(user):
		return errs.Invalid("%q is no user of Slack: write the member ID, such as U024BE7LH", user)
	case p.State != identity.Active || p.Locked():
		return errs.Conflict("%s does not work here at present", p.Name)
	case team == "":
		return errs.Conflict("Slack is not set up: say which team in TENURE_SLACK_TEAM")
	}
	if err := identity.Lock(tx, []int{p.ID}); err != nil {
		return err
	}
	if err := Send(tx, Message{To: p.ID, Kind: Security, Thread: "slack/" + strconv.Itoa(p.ID), Link: "/me/profile", Urgent: true,
		Subject: Subject{Verb: "Slack", What: "a Slack user is linked with you"},
		Lines:   []Line{{"Slack user", user}, {"Linked by", tx.Actor.Name}, {"What it means", "This user is told what waits for you, and decides in your name. If it is not yours, tell IT at once."}}}); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into slack_link (team, slack_user, identity_id, made_by, made_identity) values ($1, $2, $3, $4, nullif($5, 0))`,
		team, user, p.ID, tx.Actor.ID, tx.Actor.Identity)
	switch db.ConstraintName(err) {
	case "slack_link_user":
		return errs.Conflict("%s is linked with somebody already", user)
	case "slack_link_person":
		return errs.Conflict("%s is linked with a Slack user already", p.Name)
	}
	if err == nil {
		tx.Record(evidence.Event{Kind: "slack.linked", IdentityID: p.ID, Touches: evidence.Touches{"slack_link": 1}, Facts: map[string]any{"team": team}, Personal: map[string]any{"user": user}})
	}
	return err
}

// UnlinkSlack ends it.
func UnlinkSlack(tx *db.Tx, team, user string) error {
	var who int
	err := tx.QueryRow(`update slack_link set ended_at = clock_timestamp(), ended_by = $3 where team = $1 and slack_user = $2 and ended_at is null returning identity_id`,
		team, user, tx.Actor.ID).Scan(&who)
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("%s is not linked with anybody", user)
	}
	if err == nil {
		tx.Record(evidence.Event{Kind: "slack.unlinked", IdentityID: who, Touches: evidence.Touches{"slack_link": 1}, Facts: map[string]any{"team": team}, Personal: map[string]any{"user": user}})
	}
	return err
}

// SlackLink is a user who is linked with a person.
type SlackLink struct {
	Team, User, Person, Name string
	At                       time.Time
	By                       string
}

// SlackLinks gives them all, by name.
func SlackLinks(tx *db.Tx) ([]SlackLink, error) {
	rows, err := tx.Query(`select l.team, l.slack_user, i.public_id::text, i.name, l.made_at, a.name from slack_link l join identity i on i.id = l.identity_id
		join actor a on a.id = l.made_by where l.ended_at is null order by lower(i.name), l.id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[SlackLink])
}

// slackID says whether a text is the ID of a member: U or W, then capitals and digits.
func slackID(id string) bool {
	return len(id) > 5 && len(id) < 30 && (id[0] == 'U' || id[0] == 'W') && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
