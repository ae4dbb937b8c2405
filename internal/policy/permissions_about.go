package policy

// Kind says what somebody can do with a permission.
type Kind string

// The kinds of permission. Auditors never hold one that writes.
const (
	Reads  Kind = "reads"
	Own    Kind = "own" // changes what is the person's own and nobody else's
	Writes Kind = "writes"
)

// About describes a permission to people.
type About struct {
	Kind Kind
	Text string // what a holder can do: a sentence without its subject
}

// Describe says what a permission is for. One without a description counts as writing.
func Describe(permission string) About {
	if a, ok := about[permission]; ok {
		return a
	}
	return About{Kind: Writes, Text: permission}
}

// about has a line for every line of permissions; a test compares them.
var about = map[string]About{
	"access.mine":          {Own, "See their own access, and take their own first passwords"},
	"request.activate":     {Own, "Activate what they are eligible for, and take access in an emergency"},
	"request.mine":         {Own, "Ask for access for themselves or somebody of their team, follow it, take it back and end it"},
	"request.decide":       {Own, "Decide what is asked of them, never about themselves"},
	"review.mine":          {Own, "Review access that is asked of them, never their own, answer questions about it, and object to losing theirs"},
	"request.read_any":     {Reads, "See every request"},
	"request.end_any":      {Writes, "Take back everybody's requests, and end what was granted"},
	"delegation.mine":      {Own, "Let somebody act for them for a while, and end it"},
	"demo.use":             {Own, "Play the HR department of a demo company"},
	"home.read":            {Reads, "Open the portal and see their first page"},
	"inbox.read":           {Reads, "See what waits for them, for their team and for their applications"},
	"task.mine":            {Own, "Watch their own long work, and cancel it"},
	"session.mine":         {Own, "See and end their own sessions, and prove again who they are"},
	"second_factor.mine":   {Own, "See what they sign in with besides their password"},
	"second_factor.change": {Own, "Change what they sign in with besides their password"},

	"token.make": {Own, "Make a token for themselves"},
	"token.mine": {Own, "See and revoke their own tokens"},

	"person.list":         {Reads, "List people: a manager those of their team"},
	"person.read":         {Reads, "Open a person's page: their own, a manager those of their team"},
	"person.read_any":     {Reads, "Open everybody's page"},
	"person.handover":     {Writes, "Let somebody of their team keep something for a hand-over for longer"},
	"person.handover_any": {Writes, "Let anybody keep something for a hand-over for longer"},
	"team.read":           {Reads, "See their team on one page"},
	"search.use":          {Reads, "Search in what they may see"},
	"offer.read":          {Reads, "See what may be asked for, for themselves or somebody of their team"},

	"person.terminate": {Writes, "End a person's access at once, and lift it again"},

	"evidence.read": {Reads, "See the evidence: the log and how far it is anchored, controls with their populations and samples, and access as of a date"},
	"evidence.pack": {Reads, "Draw samples, and download evidence packs, which hold the events that were asked for"},

	"evidence.limit": {Writes, "Set the time limits that controls are held to"},
	"privacy.decide": {Writes, "Erase people who left, asked for by somebody else, set how long records are kept, and place legal holds"},

	"campaign.read":   {Reads, "See campaigns: what is asked of whom, how far it is, and what came of it"},
	"campaign.manage": {Writes, "Build campaigns, and say which events open a review by themselves"},
	"campaign.run":    {Writes, "Start and stop campaigns, release or drop removals that the brake holds, and decide objections to removals"},

	"hr.read":    {Reads, "See HR sources and runs"},
	"hr.upload":  {Writes, "Load an HR file"},
	"hr.release": {Writes, "Release or drop an HR run that is held, loaded by somebody else"},
	"hr.expect":  {Writes, "Announce a planned mass change"},

	"application.read":      {Reads, "See the applications they own"},
	"application.read_any":  {Reads, "See every application"},
	"application.check":     {Writes, "Have an application they own read at once"},
	"application.check_any": {Writes, "Have any application read at once"},
	"application.adopt":     {Writes, "Accept access that was found in an application they own"},
	"application.adopt_any": {Writes, "Accept access that was found in any application"},

	"entitlement.edit":     {Writes, "Describe the entitlements of applications they own"},
	"entitlement.edit_any": {Writes, "Describe every entitlement"},
	"account.claim":        {Writes, "Say whose an account without a person is, in applications they own"},
	"account.claim_any":    {Writes, "Say whose an account without a person is, everywhere"},
	"connector.read":       {Reads, "See how the connections to applications are"},
	"connector.run":        {Writes, "Test, pause and resume connections"},
	"connector.secret":     {Writes, "Set the secrets of connections; nobody reads them"},

	"operation.read":    {Reads, "See what is being done at applications"},
	"operation.retry":   {Writes, "Try a failed operation again"},
	"operation.release": {Writes, "Release operations that are only proposed"},
	"policy.release":    {Writes, "Release a change of roles and rules that the brake holds"},
	"violation.read":    {Reads, "See who breaks an SoD rule, and what was accepted"},
	"violation.accept":  {Writes, "Accept that somebody else breaks an SoD rule for a time, and end it"},
	"role.assign":       {Writes, "Make somebody else a member of a role for a time, and end it"},
	"policy.change":     {Writes, "Plan a change of the policy, for another person to approve, and withdraw or reject a plan"},
	"policy.read":       {Reads, "See roles and rules"},
	"dashboard.read":    {Reads, "See the figures of the dashboard"},

	"webhook.read":   {Reads, "See which systems are told what happens, and what became of it"},
	"webhook.change": {Writes, "Say which systems are told what happens, pause them, and send something again"},
	"slack.link":     {Writes, "Say which Slack user is which person, never their own"},

	"portal.read":   {Reads, "See who has which portal role, and what the roles may do"},
	"portal.give":   {Writes, "Give and take portal roles, never their own"},
	"portal.change": {Writes, "Change what portal roles may do"},
}
