package provision

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tenure/internal/access"
	"tenure/internal/catalog"
	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/identity"
)

// Preview is what an application would be told of one person, made by the function that tells it.
type Preview struct {
	Account int // 0: the person has none there yet
	Sent    connector.Account
	From    map[string]string // attribute of the target -> attribute of the person
	Now     map[string]string // as the target has it; nil when it was not asked or has no such account
	NowName string
	Err     error // why the target could not be asked
}

// previewFor bounds how long a preview waits for the target.
const previewFor = 10 * time.Second

// Preview shows what would be sent for a person, and beside it what the target has now. Nothing is changed anywhere.
func (s *Service) Preview(ctx context.Context, appID, who int) (*Preview, error) {
	var k caller
	p := &Preview{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		cat, err := catalog.Load(tx)
		if err != nil {
			return err
		}
		k.app, k.cat = cat.Apps[appID], cat
		err = tx.QueryRow(`select a.id from account a join account_link l on l.account_id = a.id and l.known_to = 'infinity'
			where l.identity_id = $1 and a.application_id = $2 and a.gone_at is null order by a.slot, a.id limit 1`, who, appID).Scan(&p.Account)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if p.Account != 0 {
			facts, err := loadFacts(tx, []access.Claim{{Operation: access.Operation{Account: p.Account, Identity: who}}})
			k.f = facts[p.Account]
			return err
		}
		versions, err := identity.Versions(tx, []int{who})
		k.f = &accountFacts{}
		if v := identity.Main(versions[who], tx.Now); v != nil {
			k.f.attrs = v.Attrs
		}
		k.f.name = catalog.RenderName(k.app.Spec.Accounts.Name, k.f.attrs)
		return err
	})
	if err != nil || k.f == nil {
		return nil, errors.Join(err, noFacts(k.f))
	}
	p.Sent, p.From = k.account(), k.app.Spec.Accounts.Attributes
	if p.Account == 0 {
		return p, nil
	}
	conn, err := s.Connector(k.app)
	if err != nil {
		p.Err = err
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, previewFor)
	defer cancel()
	now, _, err := conn.Account(ctx, k.key())
	switch {
	case errors.Is(err, connector.ErrNotFound):
	case err != nil:
		p.Err = err
	default:
		p.Now, p.NowName = now.Attrs, now.Name
	}
	return p, nil
}

func noFacts(f *accountFacts) error {
	if f == nil {
		return errors.New("the account is unknown to Tenure")
	}
	return nil
}

// Names gives the attributes of the target that are sent, in order.
func (p *Preview) Names() []string {
	out := make([]string, 0, len(p.Sent.Attrs))
	for n := range p.Sent.Attrs {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Try asks the target whether it is there and takes our credentials, outside any transaction.
func (s *Service) Try(ctx context.Context, app *catalog.Application) (took time.Duration, err error) {
	conn, err := s.Connector(app)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, previewFor)
	defer cancel()
	began := time.Now()
	err = conn.Check(ctx)
	return time.Since(began), err
}
