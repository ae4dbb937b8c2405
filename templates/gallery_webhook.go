package templates

func galleryWebhooks() []Sample {
	s := sampleShell("Operations", "/webhooks")
	ways := []TellingWay{{Name: "Mail", State: "on", Text: "Through mail.halden.example, from access@halden.example", Waiting: 4}, {Name: "Slack", State: "off", Text: "Not set up: everybody is told by mail."}}
	siem := WebhookRow{ID: "1", Name: "SIEM", URL: "/webhooks/1", Address: "https://siem.halden.example/in/tenure", Active: true, Last: at("today 14:02", "2026-11-22T14:02:00Z"), Answer: "answered 204 No Content",
		Made: at("2 Nov 2026, 09:00", "2026-11-02T09:00:00Z"), By: "Jo Lind"}
	desk := WebhookRow{ID: "2", Name: "Service desk", URL: "/webhooks/2", Address: "https://desk.halden.example/hooks", Kinds: []string{"Somebody asked for access", "Access ended"}, Waiting: 12, Dead: 1,
		Last: at("today 13:40", "2026-11-22T13:40:00Z"), Answer: "no answer in time", Made: siem.Made, By: "Jo Lind"}
	calls := []CallRow{
		{ID: "9", Name: "0b7c", Kind: "request.submitted", Words: "Somebody asked for access", State: "waiting", Attempts: 3, Made: at("today 13:38", "2026-11-22T13:38:00Z"), Tried: desk.Last, Next: at("today 14:20", "2026-11-22T14:20:00Z"), Answer: "no answer in time"},
		{ID: "8", Name: "7a11", Kind: "request.ended", Words: "Access ended", State: "dead", Attempts: 14, Made: at("20 Nov 2026, 08:00", "2026-11-20T08:00:00Z"), Tried: at("21 Nov 2026, 10:12", "2026-11-21T10:12:00Z"), Answer: "answered 500 Internal Server Error"},
		{ID: "7", Name: "52de", Kind: "webhook.test", Words: "A test", State: "sent", Attempts: 1, Made: siem.Made, Tried: siem.Made, Answer: "answered 204 No Content"},
	}
	off := []TellingWay{{Name: "Mail", State: "off", Text: "Not set up: nobody is told by mail. Say which server takes it in TENURE_SMTP_URL."}, ways[1]}
	return []Sample{
		{"webhooks-empty", Webhooks(s, WebhooksView{Ways: off, NewURL: "/webhooks/new"})},
		{"webhooks-one", Webhooks(s, WebhooksView{Ways: ways, Hooks: []WebhookRow{siem}})},
		{"webhooks-full", Webhooks(s, WebhooksView{Ways: ways, Hooks: []WebhookRow{siem, desk}, NewURL: "/webhooks/new"})},
		{"webhook-empty", Webhook(s, WebhookView{Hook: siem, Action: "/webhooks/1"})},
		{"webhook-one", Webhook(s, WebhookView{Hook: siem, Calls: calls[2:]})},
		{"webhook-full", Webhook(s, WebhookView{Hook: desk, Action: "/webhooks/2", Calls: calls})},
		{"webhook-made", WebhookMade(s, WebhookMadeView{Name: "SIEM", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Back: "/webhooks/1"})},
	}
}
