package catalog

import "time"

// Mode says how much Tenure may do at an application.
type Mode string

// The modes. In observe nothing is written, in propose a person releases the plans, enforce is the closed loop.
const (
	Observe Mode = "observe"
	Propose Mode = "propose"
	Enforce Mode = "enforce"
)

// Drift says what becomes of access found in the target that no reason gives.
type Drift string

// Report only shows it; Repair plans its removal where Tenure gave the access once, or the application is enforced.
const (
	Report Drift = "report"
	Repair Drift = "repair"
)

// AccountKind is the kind of the entitlement that is having the login itself; its name is empty.
const AccountKind = "account"

// Application is a target system.
type Application struct {
	ID            int
	Name          string
	Title         string
	Connector     string
	Mode          Mode
	OwnerID       *int
	Config        map[string]string `gorm:"serializer:json"` // resolved, without the secrets
	Secrets       []byte            `json:"-"`               // sealed; opened by Open only
	Spec          ApplicationSpec   `gorm:"serializer:json"` // as declared, with defaults; a secret given literally is masked
	RetentionDays int               // days from nothing wanting an account to its deletion
	Version       int               // counts the changes of this row
	// What one enabled account costs a month; nil where nobody said.
	LicenceCostCents *int
	LicenceCurrency  *string // ISO 4217
	LicencePortal    bool    // set in the portal, not by the policy file
}

// Entitlement is anything an account can hold. Declared says that a policy file describes it; the others were found by a
// reading.
type Entitlement struct {
	ID            int
	ApplicationID int
	Kind          string
	Name          string
	NativeID      *string // the target's own id, known after the first reading
	Title         string
	Description   string
	Privileged    bool
	HandoverDays  int // days that a mover keeps it; 0 when it is privileged
	OwnerID       *int
	Declared      bool
	Risk          *string  // low, medium, high or critical; nil where nobody stated it, see RiskLevel
	Stated        []string `gorm:"serializer:json"` // fields that the policy file gives
	Portal        []string `gorm:"serializer:json"` // fields that a person set in the portal and the file does not give
	Version       int
	EditedAt      *time.Time
	EditedBy      *int // actor

	Attributes map[string]string `db:"-" gorm:"-"` // what it is about, as its application's file says; nil for nothing
}

// Account is a login in an application. GoneAt is when a reading first did not show it any more.
type Account struct {
	ID            int
	ApplicationID int
	ExternalID    string  `gorm:"default:gen_random_uuid()"` // Tenure's name for it at the target: a uuid
	NativeID      *string // the target's own id
	Name          string
	Slot          string // tells a second account of a person from the first
	Kind          string `gorm:"default:person"` // person or service
	Intended      []byte // hash of the attributes that the target was last told
	RetiredAt     *time.Time
	GoneAt        *time.Time
	OwnerID       *int // who answers for a service account
}

// AccountLink says whose account it is. Its known interval is open (infinity, db.Forever in Go) while it is believed.
type AccountLink struct {
	AccountID  int
	IdentityID int
	KnownFrom  time.Time
	KnownTo    time.Time
}

// AccountName is a login name reserved for ever.
type AccountName struct {
	ApplicationID int `gorm:"primaryKey"`
	Name          string
	Base          string // the name as wished
	N             int    // 1 for the wish itself, from 2 on the number behind it
	AccountID     int
}

// DormantSince is the instant before which a last sign-in makes an account dormant.
func (a *Application) DormantSince(now time.Time) time.Time {
	days := DefaultDormantDays
	if a.Spec.Accounts.DormantDays != nil {
		days = *a.Spec.Accounts.DormantDays
	}
	return now.AddDate(0, 0, -days)
}

// Reading is one look at a target: whole, or at one account when AccountID is set.
type Reading struct {
	ID            int64
	ApplicationID int
	AccountID     *int
	StartedAt     time.Time // record time, before the first call
	EndedAt       *time.Time
	Complete      bool
	Rows          int
	SHA256        []byte `gorm:"column:sha256"`
	Error         *string
}

// Observed is an entitlement that an account held from one reading until, not including, another; nil is still.
type Observed struct {
	AccountID     int `gorm:"primaryKey"`
	EntitlementID int `gorm:"primaryKey"`
	Param         string
	SeenFrom      int64
	SeenTo        *int64
}

// AccountSeen is how an account looked at its last reading.
type AccountSeen struct {
	AccountID  int `gorm:"primaryKey"`
	ReadingID  int64
	Name       string
	Enabled    bool
	Email      string
	Number     string
	LastSignIn *time.Time // nil where the target does not tell
	Privileged bool
}

// ApplicationHealth is how the calls to an application fare.
type ApplicationHealth struct {
	ApplicationID int    `gorm:"primaryKey"`
	State         string // unknown, ok, degraded, attention, paused
	Detail        string
	Since         time.Time
	Failures      int
	OpenUntil     *time.Time
}
