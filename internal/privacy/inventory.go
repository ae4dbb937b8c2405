package privacy

// Holding says of columns of a table what personal values they may hold, how long, and what erasing the person does to them. Every column of text,
// JSON or bytes of the database stands in one; ids, dates and numbers are not named.
type Holding struct {
	Table   string
	Columns string // one space apart
	Holds   string // "" for nothing personal
	Kept    string
	Erased  string
}

// What becomes of columns, in the same words everywhere.
const (
	withPerson = "as long as the person"
	forGood    = "for good"
	marked     = "replaced by the mark"
	emptied    = "emptied"
	deleted    = "deleted"
	dayStands  = "“erased on DAY” in its place"
	whereNamed = "where it names the person, the mark in the place of the name"
	cipher     = "unreadable: the key is destroyed"
	stays      = "stays"
)

// Inventory is all of them, by room.
var Inventory = []Holding{
	// People, as HR states them.
	{"identity", "name email number", "name, e-mail address, number", withPerson, marked + "; address and number emptied"},
	{"identity", "kind state", "", "", ""},
	{"identity_entry", "sort_name number department location worker_type", "the line of lists", withPerson, "made anew from the mark"},
	{"identity_entry", "state", "", "", ""},
	{"identity_word", "word", "words by which the person is found", withPerson, "made anew from the mark"},
	{"identity_mark", "mark", "", "", ""},
	{"identity_key", "wrapped", "the key of the person, wrapped by the installation's key", withPerson, deleted},
	{"actor", "name", "the name under which somebody acts", withPerson, marked},
	{"actor", "kind", "", "", ""},
	{"employment", "source_key", "number in the HR source", withPerson, marked},
	{"employment", "row_hash", "hash of what HR stated last", withPerson, emptied},
	{"employment_version", "attrs", "everything HR states of an employment, at all times", withPerson, dayStands},
	{"employment_version", "status zone", "", "", ""},
	{"unit", "key name", "", "", ""},

	// HR runs.
	{"hr_source", "name spec", "who is declared as the owner", "until declared anew", "refused while it names the person"},
	{"snapshot", "name", "name of the file", forGood, whereNamed},
	{"snapshot", "sha256 state counts content", "", "", ""},
	{"snapshot_body", "sealed", "the file as it came, encrypted under the installation's key", "retention: hr_file", "goes by its own time"},
	{"run_change", "number name fields", "what a run did to the person", "retention: hr_run", marked},
	{"run_change", "class later", "", "", ""},
	{"quarantine", "key", "number in a row that was set aside", "retention: hr_run", emptied},
	{"quarantine", "field rule", "", "", ""},
	{"expected_change", "note", "why a mass change is planned", forGood, whereNamed},
	{"expected_change", "kind", "", "", ""},
	{"hold", "affected reasons note", "who is in what the brake held, and why", forGood, whereNamed},
	{"hold", "kind state", "", "", ""},

	// Accounts.
	{"account", "name native_id intended", "login name, the target's id", withPerson, marked},
	{"account", "slot kind", "", "", ""},
	{"account_name", "name base", "login names that were given", "for good: a name is given once", "a mark under the installation's key stays, so that nobody else gets the name"},
	{"account_seen", "name email number", "login name, address and number as the target showed them", "retention: account, when it is gone", marked + "; address and number emptied"},
	{"handout", "sealed", "a first password, encrypted", "until it is shown", emptied},
	{"observed", "param", "", "", ""},
	{"reading", "error", "what the target said of a reading that failed", "retention: answer", whereNamed},
	{"reading", "sha256", "", "", ""},
	{"application", "title", "", "", whereNamed},
	{"application", "name connector mode config licence_currency", "", "", ""},
	{"application", "spec", "who is declared as the owner", "until declared anew", "refused while it names the person"},
	{"application", "secrets", "", "", ""},
	{"application_figure", "accounts differences", "", "", ""},
	{"application_health", "detail", "what the target said last", "until it says something else", whereNamed},
	{"application_health", "state", "", "", ""},
	{"application_pause", "reason note", "why somebody paused an application", forGood, whereNamed},
	{"application_secret", "field", "", "", ""},
	{"difference", "kind", "", "", ""},
	{"entitlement", "title description", "what somebody wrote", "until it is written anew", whereNamed},
	{"entitlement", "kind name native_id risk stated portal", "", "", ""},

	// Access.
	{"reason", "slot param state kind", "", "", ""},
	{"operation", "error", "what the target said of a change", "retention: answer", dayStands},
	{"operation", "kind param cause state", "", "", ""},
	{"attempt", "detail", "likewise, for each attempt", "retention: answer", dayStands},
	{"attempt", "worker outcome", "", "", ""},
	{"role_member", "reason param ended_because", "why somebody was made a member", withPerson, whereNamed},
	{"violation", "state path", "", "", ""},
	{"exception", "control reason ended_because", "why a conflict was accepted", withPerson, whereNamed},

	// The policy.
	{"policy_object", "kind name", "", "", ""},
	{"policy_spec", "spec", "owners and approvers, in every version", forGood, whereNamed + "; refused while the present version names the person"},
	{"policy_version", "note", "why the policy was changed", forGood, whereNamed},
	{"policy_version", "sha256", "", "", ""},
	{"change_set", "title body plan note undo", "a planned change with whom it concerns", forGood, whereNamed},
	{"change_set", "state catalog", "", "", ""},
	{"change_set_person", "gains loses opens resolves withheld stands", "", "", ""},
	{"backtest", "summary", "whom a change would have concerned", "until made anew", whereNamed},
	{"backtest_difference", "body", "likewise", "until made anew", whereNamed},
	{"mining_run", "department application", "", "", whereNamed},
	{"mining_candidate", "body", "who would be in a role", "until mined anew", whereNamed},
	{"mining_outlier", "body", "whose access differs", "until mined anew", whereNamed},

	// Requests and reviews.
	{"request", "why", "why somebody asked", withPerson, whereNamed},
	{"request", "via", "", "", ""},
	{"request_item", "param ended_because narrowed_because", "", "", whereNamed},
	{"request_item", "act level risk conflicts state", "", "", ""},
	{"request_step", "named", "the address or group that is asked", withPerson, whereNamed},
	{"request_step", "by otherwise state", "", "", ""},
	{"request_holder", "why", "", "", ""},
	{"request_decision", "reason control", "why it was decided so", withPerson, whereNamed},
	{"request_decision", "outcome level via", "", "", ""},
	{"request_note", "body", "conversations", withPerson, dayStands},
	{"request_note", "kind", "", "", ""},
	{"campaign", "title about scope stages settings", "what a review is about, and who is asked", forGood, whereNamed},
	{"campaign", "kind state event", "", "", ""},
	{"campaign_person", "department location worker_type", "what was known of the person then", withPerson, dayStands},
	{"campaign_person", "state", "", "", ""},
	{"campaign_decision", "comment", "why access was kept or removed", withPerson, whereNamed},
	{"campaign_decision", "outcome level", "", "", ""},
	{"campaign_removal", "why", "likewise", withPerson, whereNamed},
	{"campaign_removal", "param state level", "", "", ""},
	{"campaign_note", "body", "conversations", withPerson, dayStands},
	{"campaign_note", "kind", "", "", ""},
	{"campaign_item", "param", "", "", ""},
	{"campaign_last", "param outcome", "", "", ""},
	{"campaign_reading", "currency", "", "", ""},
	{"campaign_review", "why state quality", "", "", ""},
	{"campaign_event", "event", "", "", ""},
	{"campaign_role", "definition", "what a role is, with who owns it", forGood, whereNamed},
	{"campaign_role", "digest", "", "", ""},

	// Signing in, and how somebody likes the portal.
	{"login", "email password_hash", "the local administrator's address and password", "as long as the account", "refused: it is no person of HR"},
	{"sessions", "token data", "a session of a browser", "until it expires", "over long before: who left has none"},
	{"portal_session", "method agent", "with what browser somebody signed in", "retention: sign_in", deleted},
	{"sign_in_link", "subject", "the person's id at an identity provider", withPerson, marked},
	{"sign_in_link", "issuer provider claim", "", "", ""},
	{"sign_in_flow", "state browser provider nonce verifier return_to", "a sign-in on its way", "a day", "over long before"},
	{"second_factor", "name", "what somebody called it", withPerson, marked},
	{"second_factor", "kind", "", "", ""},
	{"second_factor", "sealed", "the secret of an authenticator app, encrypted", withPerson, "stays encrypted, and removed"},
	{"passkey", "handle public_key transports", "the public half of a passkey", withPerson, deleted},
	{"passkey_answer", "challenge", "", "", ""},
	{"recovery_code", "hash", "", "", ""},
	{"guess", "key", "hash of an account or an address", "a day", "over long before"},
	{"token", "name", "what somebody called a token", withPerson, marked},
	{"token", "hash scope", "", "", ""},
	{"idempotency", "key call tag answer", "answers of the API, encrypted", "a day", deleted},
	{"preference", "theme zone start", "how somebody likes the portal", withPerson, deleted},
	{"notify_preference", "off", "what somebody is not told by mail", withPerson, deleted},
	{"saved_view", "list name query", "filters that somebody saved", withPerson, deleted},
	{"delegation", "reason", "why somebody acts for another", withPerson, whereNamed},
	{"delegation", "scope", "", "", ""},
	{"portal_role", "reason", "why a right was given", "as long as the right", whereNamed},
	{"portal_role", "role", "", "", ""},
	{"portal_permission", "role permission", "", "", ""},
	{"portal_include", "role includes", "", "", ""},
	{"portal_known", "permission", "", "", ""},
	{"slack_link", "slack_user", "the person's id in Slack", withPerson, marked},
	{"slack_link", "team", "", "", ""},
	{"slack_seen", "signature", "", "", ""},

	// Telling, and long work.
	{"message", "what whom lines link closing", "what was told", "retention: message", "those to the person " + deleted + "; in others, " + whereNamed},
	{"message", "kind thread verb answer", "", "", ""},
	{"delivery", "body answer place place_ts", "letters, Slack messages, calls of webhooks", "retention: message", "those to the person " + deleted + "; in others, " + whereNamed},
	{"delivery", "channel state kind", "", "", ""},
	{"webhook", "name url kinds", "", "", ""},
	{"webhook", "secret", "", "", ""},
	{"task", "title args detail result error", "long work that somebody watched", withPerson, "that of the person emptied; in others, " + whereNamed},
	{"task", "kind state", "", "", ""},
	{"task_file", "part name media sealed", "what it read or made, encrypted", "a day or a few, each its own time", deleted},

	// The log and what belongs to it.
	{"event", "leaf", "the event, without personal values; what somebody wrote stands in it without the name of whom it is about", forGood, stays},
	{"event", "sealed", "its personal values, encrypted under the person's key", forGood, cipher},
	{"event", "kind touches", "", "", ""},
	{"leaf", "hash", "", "", ""},
	{"log_node", "hash", "", "", ""},
	{"log_key", "public statement", "", "", ""},
	{"log_check", "answer", "", "", ""},
	{"log_trouble", "sink error", "", "", ""},
	{"checkpoint", "note seen", "", "", ""},
	{"anchor", "sink signed", "", "", ""},
	{"stream_cursor", "stream", "", "", ""},
	{"sample", "control population seed items", "", "", ""},
	{"control_limit", "name", "", "", ""},
	{"evidence_schedule", "control population every state why", "", "", ""},
	{"evidence_figure", "population attained months", "", "", ""},
	{"figure_set", "data", "counts", forGood, whereNamed},

	// Privacy itself.
	{"erasure", "reason note", "why somebody is erased; it is refused where it names them", forGood, stays},
	{"erasure", "state counts", "", "", ""},
	{"legal_hold", "reason ended_because", "why somebody is held; it is refused where it names them", forGood, stays},
	{"retention", "kind act", "", "", ""},
	{"erased_number", "mark", "mark of a number under the installation's key", forGood, stays},
	{"erased_name", "mark", "mark of a login name under the installation's key", forGood, stays},

	// The floor.
	{"clock", "kind", "", "", ""},
	{"due", "what", "", "", ""},
	{"tally", "tbl came went", "", "", ""},
	{"working_time", "zone", "", "", ""},
}
