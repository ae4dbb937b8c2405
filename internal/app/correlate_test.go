package app_test

import (
	"maps"
	"strings"
	"testing"

	"tenure/internal/db"
)

// An account that was there before is the account of the one person whom it fits, by the rules of its application in their order. Whom
// two fit, and whom nobody fits, it stays with nobody.
func TestAccountsFindTheirPeople(t *testing.T) {
	for by, want := range map[string]map[string]string{
		"email":               {"ar": "Ana Ruiz"},
		"name":                {"jo.lind": "Jo Lind", "2": "Omar Diaz", "ANA.RUIZ@example.com": "Ana Ruiz"},
		"number, email, name": {"ar": "Ana Ruiz", "jo.lind": "Jo Lind", "2": "Omar Diaz", "ANA.RUIZ@example.com": "Ana Ruiz"},
	} {
		t.Run(by, func(t *testing.T) {
			h := newHouse(t)
			h.policy = strings.ReplaceAll(declared, "correlate: [email]", "correlate: ["+by+"]")
			h.apply("observe", "report")
			h.sync(people + "4,Eva,Roth,sam@example.com,2020-01-01,Sales\n5,Sam,Roth,sam@example.org,2020-01-01,Sales\n")
			h.had("ar", "Ana.Ruiz@Example.com")
			h.had("jo.lind", "")
			h.had("2", "")
			h.had("ANA.RUIZ@example.com", "")
			h.had("sam", "") // the name of two
			h.had("printer", "")
			h.settle()
			got := map[string]string{}
			h.do(db.System, func(tx *db.Tx) error {
				rows, err := tx.Query(`select s.name, i.name from account_seen s join account_link l on l.account_id = s.account_id and l.known_to = 'infinity'
					join identity i on i.id = l.identity_id`)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var account, person string
					if err := rows.Scan(&account, &person); err != nil {
						return err
					}
					got[account] = person
				}
				return rows.Err()
			})
			if !maps.Equal(got, want) {
				t.Errorf("by %s: %v, want %v", by, got, want)
			}
		})
	}
}
