package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/notify"
	"tenure/templates"
	"tenure/templates/lang"
	"tenure/templates/ui"
)

const webhooksURL = "/webhooks"

// hookWords say what a webhook can be told.
var hookWords = map[string]string{
	"request.submitted": lang.Mark("Somebody asked for access"), "request.decided": lang.Mark("Somebody decided about a request"), "request.granted": lang.Mark("Access was granted"),
	"request.ended": lang.Mark("Access ended"), "request.expired": lang.Mark("A request expired"), "request.cancelled": lang.Mark("A request was taken back"),
	"emergency.used": lang.Mark("Somebody took access in an emergency"),
}

func hookURL(id int) string { return webhooksURL + "/" + itoa(id) }

// webhooks lists the systems that are told what happens, and says how telling people goes.
func (s *server) webhooks(r *request) error {
	v := templates.WebhooksView{NewURL: r.to("webhook.change", webhooksURL+"/new")}
	err := r.read(func(tx *db.Tx) error {
		all, err := notify.Webhooks(tx)
		if err != nil {
			return err
		}
		for i := range all {
			v.Hooks = append(v.Hooks, r.hookRow(&all[i]))
		}
		st, err := notify.StandingOf(tx)
		if err == nil {
			v.Ways = r.tellingWays(st)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Webhooks(r.shell(r.T("Messages and webhooks")), v))
}

// tellingWays says how people are told, and what of it does not get through.
func (r *request) tellingWays(st *notify.Standing) []templates.TellingWay {
	n := r.s.app.Notify
	mail := templates.TellingWay{Name: r.T("Mail"), Waiting: st.Waiting["mail"], Dead: st.Dead["mail"], State: "off", Text: r.T("Not set up: nobody is told by mail. Say which server takes it in TENURE_SMTP_URL.")}
	if n.Mail != nil {
		mail.State, mail.Text = "on", r.T("Through %s, from %s", n.Mail.Host, n.Mail.From.Address)
	}
	slack := templates.TellingWay{Name: r.T("Slack"), Waiting: st.Waiting["slack"], Dead: st.Dead["slack"], State: "off", Text: r.T("Not set up: everybody is told by mail.")}
	if n.Slack != nil {
		slack.State, slack.Text = "on", r.T("Team %s; IT links people with tenure slack link", n.Slack.Team)
	}
	return []templates.TellingWay{mail, slack}
}

func (r *request) hookRow(w *notify.Webhook) templates.WebhookRow {
	row := templates.WebhookRow{ID: itoa(w.ID), Name: w.Name, URL: hookURL(w.ID), Address: w.URL, Active: w.Active, Waiting: w.Waiting, Dead: w.Dead, Made: r.at(w.Made), By: w.By, Answer: w.Answer}
	if w.Last != nil {
		row.Last = r.at(*w.Last)
	}
	for _, k := range w.Kinds {
		row.Kinds = append(row.Kinds, r.T(hookWords[k]))
	}
	return row
}

// webhookAsk asks for what a new one needs.
func (s *server) webhookAsk(r *request) error { return s.webhookPage(r, http.StatusOK, nil) }

func (s *server) webhookPage(r *request, status int, bad ui.Errors) error {
	kinds := ui.Choices{Name: "kinds", Label: r.T("What is it told?"), Hint: r.T("Nothing ticked: everything, also what comes to be told later"), Error: bad.Of("kinds")}
	for _, k := range notify.HookKinds {
		kinds.Options = append(kinds.Options, ui.Choice{Value: k, Text: r.T(hookWords[k]), Hint: k, Chosen: slices.Contains(r.PostFormArray("kinds"), k)})
	}
	v := templates.AskMoreView{Up: []ui.Link{{Text: r.T("Messages and webhooks"), URL: webhooksURL}},
		Check: ui.Check{Action: webhooksURL, Title: r.T("Add a webhook"), Errors: bad,
			Will:   []string{r.T("From now on Tenure sends what happens to this address, as JSON, signed."), r.T("The secret for the signature is shown once, on the next page.")},
			Not:    []string{r.T("Nothing inside your networks is reached, unless TENURE_WEBHOOK_ALLOW names it."), r.T("Redirects are not followed.")},
			Button: ui.Buttons{Text: r.T("Add it"), Icon: "plus", Cancel: ui.Link{Text: r.T("Go back, change nothing"), URL: webhooksURL}}},
		Fields: []ui.Field{{Name: "name", Label: r.T("Name"), Kind: "text", Value: r.field("name"), Required: true, Auto: "off", Error: bad.Of("name")},
			{Name: "url", Label: r.T("Address"), Kind: "text", Value: r.field("url"), Hint: r.T("Such as https://hooks.example.com/tenure"), Mono: true, Required: true, Auto: "off", Error: bad.Of("url")}},
		Tick: []ui.Choices{kinds}}
	return r.render(status, templates.AskMore(r.shell(v.Check.Title), v))
}

// webhookAdd declares it and shows its secret, this once.
func (s *server) webhookAdd(r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	var id int
	var secret string
	err := r.do(func(tx *db.Tx) (err error) {
		id, secret, err = notify.Declare(tx, r.field("name"), r.field("url"), r.PostFormArray("kinds"))
		return err
	})
	if bad, ok := r.faults(err, nil); ok {
		return s.webhookPage(r, statusOf(err), bad)
	}
	if err != nil {
		return err
	}
	return r.show(templates.WebhookMade(r.shell(r.T("The webhook is added")), templates.WebhookMadeView{Name: r.field("name"), Secret: secret, Back: hookURL(id)}))
}

// callsMost is how many calls of a webhook its page shows.
const callsMost = 100

// webhookShow is one of them with its last calls.
func (s *server) webhookShow(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("webhook")
	}
	v := templates.WebhookView{Action: r.to("webhook.change", hookURL(id))}
	err = r.read(func(tx *db.Tx) error {
		w, err := notify.HookAt(tx, id)
		if err != nil {
			return err
		}
		v.Hook = r.hookRow(w)
		calls, err := notify.Calls(tx, id, callsMost)
		for i := range calls {
			v.Calls = append(v.Calls, r.callRow(&calls[i]))
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.show(templates.Webhook(r.shell(v.Hook.Name), v))
}

func (r *request) callRow(c *notify.Call) templates.CallRow {
	row := templates.CallRow{ID: itoa(int(c.ID)), Name: c.PublicID, Kind: c.Kind, State: c.State, Attempts: c.Attempts, Made: r.at(c.Made), Answer: c.Answer}
	if h := hookWords[c.Kind]; h != "" {
		row.Words = r.T(h)
	} else if c.Kind == notify.HookTest {
		row.Words = r.T("A test")
	}
	if c.Tried != nil {
		row.Tried = r.at(*c.Tried)
	}
	if c.State == "waiting" && c.Next.After(time.Now()) {
		row.Next = r.at(c.Next)
	}
	return row
}

// webhookAct pauses one, lets it go on, sends it a test, or one of its calls again.
func (s *server) webhookAct(r *request) error {
	id, err := r.number("id")
	if err != nil {
		return nothing("webhook")
	}
	if err := r.form(); err != nil {
		return err
	}
	r.back = ui.Link{Text: r.T("Messages and webhooks"), URL: webhooksURL}
	var n ui.Notice
	err = r.do(func(tx *db.Tx) error {
		switch r.field("act") {
		case "pause":
			n = ui.Notice{Tone: ui.Warn, Title: r.T("The webhook is paused"), Text: r.T("What happens meanwhile waits, and is sent when it goes on.")}
			return notify.SetActive(tx, id, false)
		case "resume":
			n = ui.Notice{Tone: ui.Good, Title: r.T("The webhook goes on"), Text: r.T("What waited is sent now.")}
			return notify.SetActive(tx, id, true)
		case "test":
			n = ui.Notice{Tone: ui.Good, Title: r.T("A test is on its way"), Text: r.T("What was answered stands below in a moment.")}
			return notify.TryHook(tx, id)
		case "replay":
			n = ui.Notice{Tone: ui.Good, Title: r.T("The call is sent once more"), Text: r.T("It has the same id as before, so a receiver knows it again.")}
			return notify.Replay(tx, id, callOf(r.field("call")))
		}
		if _, err := notify.HookAt(tx, id); err != nil {
			return err
		}
		return errs.Invalid("say what is to be done: pause, resume, test or replay")
	})
	if err != nil {
		return err
	}
	return r.goWith(hookURL(id), n)
}

// callOf reads the number of a call; a text that is none names none.
func callOf(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
