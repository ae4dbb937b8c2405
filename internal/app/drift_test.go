package app_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm/schema"

	"tenure/internal/catalog"
	"tenure/internal/db/dbtest"
	"tenure/internal/identity"
)

// stored are the structs that are rows: gorm and pgx read and write them by the names and the order of their fields.
var stored = []any{
	identity.Person{}, catalog.Application{}, catalog.Entitlement{}, catalog.Account{}, catalog.AccountLink{}, catalog.AccountName{},
	catalog.Reading{}, catalog.Observed{}, catalog.AccountSeen{}, catalog.ApplicationHealth{},
}

// goKinds says which Go types may hold a column of a type.
var goKinds = map[string]string{
	"integer": "int", "bigint": "int64", "smallint": "int", "text": "string", "uuid": "string", "boolean": "bool",
	"timestamp with time zone": "time.Time", "date": "time.Time", "bytea": "[]uint8", "jsonb": "json",
}

// TestStructsAreTheirTables fails when a migration changes a table and the struct does not follow, or the other way round.
func TestStructsAreTheirTables(t *testing.T) {
	d := dbtest.New(t)
	for _, v := range stored {
		s, err := schema.Parse(v, &sync.Map{}, schema.NamingStrategy{SingularTable: true})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := d.Pool.Query(t.Context(), `select column_name, data_type, is_nullable = 'YES' from information_schema.columns
			where table_schema = 'public' and table_name = $1 order by ordinal_position`, s.Table)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		var name, typ string
		var null bool
		if _, err := pgx.ForEachRow(rows, []any{&name, &typ, &null}, func() error { want[name] = column(goKinds[typ], null); return nil }); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range s.Fields {
			if f.DBName != "" { // else it is found elsewhere
				got[f.DBName] = held(f)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%T and table %s differ: %s", v, s.Table, strings.Join(differences(got, want), "; "))
		}
	}
}

// column gives what a struct must have for a column. Bytes and JSON have their own way to be null.
func column(kind string, null bool) string {
	if null && kind != "[]uint8" && kind != "json" {
		return "*" + kind
	}
	return kind
}

func held(f *schema.Field) string {
	t := f.FieldType
	switch {
	case f.Serializer != nil && f.TagSettings["SERIALIZER"] != "":
		return "json"
	case t.Kind() == reflect.Pointer:
		return "*" + plain(t.Elem())
	}
	return plain(t)
}

// plain gives the type under a name of ours: identity.State is a string.
func plain(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]() || t.Kind() == reflect.Slice:
		return t.String()
	default:
		return t.Kind().String()
	}
}

func differences(got, want map[string]string) []string {
	var out []string
	for name := range want {
		if got[name] != want[name] {
			out = append(out, fmt.Sprintf("%s is %q and must be %q", name, got[name], want[name]))
		}
	}
	for name := range got {
		if _, there := want[name]; !there {
			out = append(out, name+" is no column")
		}
	}
	slices.Sort(out)
	return out
}
