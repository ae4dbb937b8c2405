// Command tenure is the whole product: portal, workers and commands in one binary.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"tenure/internal/app"
	"tenure/internal/auth"
	"tenure/internal/bench"
	"tenure/internal/config"
	"tenure/internal/db"
	"tenure/internal/db/pgserver"
	"tenure/internal/errs"
	"tenure/internal/policy"
)

// Exit codes: what a script can tell apart.
const (
	exitOK         = 0
	exitInternal   = 1 // something broke: the message has what is known
	exitInvalid    = 2 // the input or the configuration breaks a rule
	exitForbidden  = 3 // needs a person, or another one
	exitNotFound   = 4
	exitConflict   = 5 // the world is in another state
	exitHeld       = 6 // the brake holds the batch
	exitDifferent  = 7 // check found differences, or operations are left open
	exitUnsignedIn = 8 // needs a token
)

type cli struct {
	Data   string `help:"Folder of the private database and the installation's key." placeholder:"DIR"`
	Config string `help:"Configuration file (YAML); the environment goes before it." placeholder:"FILE" env:"TENURE_CONFIG"`
	JSON   bool   `help:"Answer in JSON." name:"json"`

	Demo        demoCmd        `cmd:"" help:"Run the demo company with real targets on this machine."`
	Serve       serveCmd       `cmd:"" help:"Serve the portal, and work jobs in the same process."`
	Work        workCmd        `cmd:"" help:"Work jobs: carry operations to the targets and read them back."`
	Migrate     migrateCmd     `cmd:"" help:"Make the database, or bring it to this version."`
	Apply       applyCmd       `cmd:"" help:"Apply HR sources, applications, roles and rules from files. The plan is shown first."`
	Plan        planCmd        `cmd:"" help:"Plan a change of the policy and store the plan, for another person to approve."`
	Change      changeCmd      `cmd:"" help:"Planned changes: list, show, approve, reject, take back."`
	Backtest    backtestCmd    `cmd:"" help:"Replay the last days against a changed policy and say what would have differed."`
	Export      exportCmd      `cmd:"" help:"Write everything that is declared as policy files; applying them changes nothing."`
	Lint        lintCmd        `cmd:"" help:"Say what is wrong or odd about the policy, or about what files would make of it."`
	Test        testCmd        `cmd:"" help:"Test policy files: given these people, expect this access. Needs no database."`
	SoD         sodCmd         `cmd:"" name:"sod" help:"Segregation of duties: rule matrices."`
	HR          hrCmd          `cmd:"" name:"hr" help:"HR feeds."`
	Token       tokenCmd       `cmd:"" help:"Give a personal token (demo and replay databases only)."`
	Terminate   terminateCmd   `cmd:"" help:"End a person's access at once, ahead of every queue."`
	Reinstate   reinstateCmd   `cmd:"" help:"Lift a termination, as another person."`
	Erase       eraseCmd       `cmd:"" help:"Erase a person who left: one asks, another does it. The log stays verifiable."`
	Retention   retentionCmd   `cmd:"" help:"How long each kind of record is kept: list, keep."`
	LegalHold   legalHoldCmd   `cmd:"" name:"legal-hold" help:"Legal holds: list, place, lift. While one stands, nothing of whom it holds is deleted or erased."`
	Status      statusCmd      `cmd:"" help:"Count people, accounts and operations."`
	Explain     explainCmd     `cmd:"" help:"Say what a person holds and why, or why not and what would change it."`
	AsOf        asOfCmd        `cmd:"" name:"as-of" help:"Say who held what on a date, why, and who decided it; compare two dates."`
	Check       checkCmd       `cmd:"" help:"Read an application now and print where it differs."`
	Adopt       adoptCmd       `cmd:"" help:"Accept the access that people were found to hold in an application."`
	Release     releaseCmd     `cmd:"" help:"Release the proposed operations of an application (mode propose)."`
	Hold        holdCmd        `cmd:"" help:"What the brake holds."`
	Request     requestCmd     `cmd:"" help:"Ask for access, as the person of TENURE_TOKEN."`
	Approve     approveCmd     `cmd:"" help:"Decide what is asked of the person of TENURE_TOKEN, or list it."`
	WorkingTime workingTimeCmd `cmd:"" name:"working-time" help:"When the organisation works: the clock of approvals."`
	PortalRole  portalRoleCmd  `cmd:"" name:"portal-role" help:"Who may do what in the portal: list, give, take."`
	Slack       slackCmd       `cmd:"" help:"Which Slack user is which person: list, link, unlink."`
	Admin       adminCmd       `cmd:"" help:"Make the local administrator, or change the password (read from standard input)."`
	Verify      verifyCmd      `cmd:"" help:"Verify the evidence log in the database, or an evidence pack offline."`
	Pack        packCmd        `cmd:"" help:"Write an evidence pack: events with their proofs, to verify offline."`
	Witness     witnessCmd     `cmd:"" help:"Sign the heads of evidence logs that continue what was signed before. Run it as another user or on another machine."`
	LogKey      logKeyCmd      `cmd:"" help:"Print the public keys of the evidence log, the first one first."`
	Bench       benchCmd       `cmd:"" help:"Measure this machine against its physical floors, on a database of its own that is removed afterwards."`
}

func main() {
	pgserver.KeepIfAsked()
	bench.WeighIfAsked()
	var c cli
	k := kong.Parse(&c, kong.Name("tenure"), kong.UsageOnError(),
		kong.Description("Tenure keeps every access exactly as long as there is a reason for it, and can prove it."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := k.Run(&run{cli: &c, ctx: ctx})
	if err != nil {
		fmt.Fprintln(os.Stderr, "tenure:", err)
	}
	stop()
	os.Exit(exitCode(err))
}

// run is what a command works with.
type run struct {
	cli *cli
	ctx context.Context
}

// exit is an answer that is no error and yet must not look like success to a script.
type exit struct {
	code int
	text string
}

func (e exit) Error() string { return e.text }

func exitCode(err error) int {
	var e exit
	if err == nil {
		return exitOK
	}
	if errors.As(err, &e) {
		return e.code
	}
	switch errs.KindOf(err) {
	case errs.KindInvalid:
		return exitInvalid
	case errs.KindForbidden:
		return exitForbidden
	case errs.KindNotFound:
		return exitNotFound
	case errs.KindConflict:
		return exitConflict
	case errs.KindUnauthenticated:
		return exitUnsignedIn
	}
	return exitInternal
}

// config loads the configuration and sets up logging.
func (r *run) config() (*config.Config, error) {
	c, err := config.Load(r.cli.Config, r.cli.Data)
	if err != nil {
		return nil, err
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // validated by config
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	return c, nil
}

// with opens the house, runs fn and closes it.
func (r *run) with(fn func(*app.App) error) error {
	c, err := r.config()
	if err != nil {
		return err
	}
	a, err := app.Open(r.ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(fn(a), a.Close())
}

// actor is the person whose token is in TENURE_TOKEN, or the shell's operator, who decides nothing. A person needs the same
// permission for a command as for the page that does it, and the token its scope; only in a replay database, which has no portal,
// anybody may.
func (r *run) actor(tx *db.Tx, permission string) (db.Actor, error) {
	token := os.Getenv("TENURE_TOKEN")
	if token == "" {
		return db.Operator, nil
	}
	b, err := auth.ByToken(tx, token)
	if err != nil {
		return db.Actor{}, err
	}
	if scope := policy.ScopeOf(permission, false); !slices.Contains(b.Scope, scope) {
		return db.Actor{}, errs.Forbidden("the token was not made for this command: it would need the scope %q", scope)
	}
	if err := b.Used(tx); err != nil || tx.Kind == db.Replay {
		return b.Actor, err
	}
	roles, err := auth.Roles(tx, b.Actor.Identity)
	if err != nil {
		return b.Actor, err
	}
	rights, err := policy.RightsAt(tx)
	if err == nil && !rights.Allowed(roles, permission) {
		err = errs.Forbidden("%s does not have the right for it (%s); ask an administrator", b.Actor.Name, permission)
	}
	return b.Actor, err
}

// who resolves the actor in a transaction of its own.
func (r *run) who(a *app.App, permission string) (who db.Actor, err error) {
	err = a.DB.Do(r.ctx, db.System, func(tx *db.Tx) error {
		who, err = r.actor(tx, permission)
		return err
	})
	return who, err
}

// do runs fn in one transaction as the person of the token, or as the operator.
func (r *run) do(a *app.App, permission string, fn func(*db.Tx) error) error {
	who, err := r.who(a, permission)
	if err != nil {
		return err
	}
	return a.DB.Do(r.ctx, who, fn)
}

// answer prints v as JSON when asked for, and else lets text print it for people.
func (r *run) answer(v any, text func()) error {
	if !r.cli.JSON {
		text()
		return nil
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
