package policy

// What a person may do in the portal, in the program's catalogue. What holds in a database stands in its tables, which
// FillPortal fills from here: see RightsAt. A new line here needs one in permissions_about.go.
//
// A permission is room.verb. Where there is a second one named room.verb_any, the first lets
// somebody act on their own only (their own page, their team's, the application they own) and the second on all.

// Portal roles. Everybody is an employee; manager and owner follow from facts, the others are given.
const (
	Employee      = "employee"
	Manager       = "manager"
	Owner         = "owner"
	HR            = "hr"
	IT            = "it"
	Compliance    = "compliance"
	Auditor       = "auditor"
	Administrator = "administrator"
)

// includes says which portal role brings which other roles in a new database.
var includes = map[string][]string{
	Manager: {Employee}, Owner: {Employee}, HR: {Employee}, IT: {Employee}, Compliance: {Employee}, Auditor: {Employee},
	Administrator: {HR, IT, Compliance, Auditor, Manager, Owner},
}

// permissions says which role has which permission to begin with, besides those it includes.
var permissions = map[string][]string{
	"home.read":      {Employee},
	"inbox.read":     {Employee},
	"dashboard.read": {HR, IT, Compliance, Auditor},
	"access.mine":    {Employee},
	"token.mine":     {Employee},
	"token.make":     {Employee},
	"session.mine":   {Employee},

	"second_factor.mine":   {Employee},
	"second_factor.change": {Employee},

	"person.list":       {Manager, HR, IT, Compliance, Auditor},
	"person.read":       {Employee},
	"person.read_any":   {HR, IT, Compliance, Auditor},
	"person.terminate":  {HR, IT, Compliance},
	"hr.read":           {HR, IT, Compliance, Auditor},
	"hr.upload":         {HR, IT},
	"hr.release":        {HR, IT, Compliance},
	"hr.expect":         {HR, Compliance},
	"application.read":  {Owner, IT, Compliance, Auditor},
	"application.check": {Owner, IT},
	"application.adopt": {Owner, IT, Compliance},

	"person.handover":     {Manager, IT},
	"person.handover_any": {IT},
	"team.read":           {Manager},
	"search.use":          {Employee},
	"offer.read":          {Employee},

	"application.read_any":  {IT, Compliance, Auditor},
	"application.check_any": {IT},
	"application.adopt_any": {IT, Compliance},

	"entitlement.edit":     {Owner, IT, Compliance},
	"entitlement.edit_any": {IT, Compliance},
	"account.claim":        {Owner, IT, Compliance},
	"account.claim_any":    {IT, Compliance},
	"connector.read":       {IT, Compliance, Auditor},
	"connector.run":        {IT},
	"connector.secret":     {IT},

	"operation.read":    {IT, Compliance, Auditor},
	"operation.retry":   {IT},
	"operation.release": {IT, Compliance},
	"policy.read":       {IT, Compliance, Auditor, HR},
	"policy.release":    {Compliance},
	"policy.change":     {IT, Compliance},
	"role.assign":       {IT, Compliance},
	"violation.read":    {Compliance, Auditor, IT},
	"violation.accept":  {Compliance},
	"demo.use":          {Employee},

	"request.activate": {Employee},
	"request.mine":     {Employee},
	"request.decide":   {Employee},
	"review.mine":      {Employee},
	"request.read_any": {Compliance, Auditor},
	"request.end_any":  {Compliance},

	"campaign.read":   {Compliance, Auditor},
	"campaign.manage": {Compliance},
	"campaign.run":    {Compliance},

	"evidence.read": {Compliance, Auditor},
	"evidence.pack": {Compliance, Auditor},

	"evidence.limit": {Compliance},
	"privacy.decide": {Compliance},

	"delegation.mine": {Employee},
	"portal.read":     {Compliance, Auditor, Administrator},
	"portal.give":     {Administrator},
	"portal.change":   {Administrator},
	"task.mine":       {Employee},

	"webhook.read":   {IT, Compliance, Auditor},
	"webhook.change": {IT},
	"slack.link":     {IT},
}
