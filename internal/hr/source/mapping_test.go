package source

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const base = `
columns: {number: nr, first_name: first, last_name: last, first_day: from}
dates: YYYY-MM-DD
`

func decode(t *testing.T, text string) (*Mapping, error) {
	t.Helper()
	var m Mapping
	return &m, yaml.UnmarshalWithOptions([]byte(text), &m, yaml.Strict())
}

func TestMappingFromYAML(t *testing.T) {
	m, err := decode(t, `
format: csv
mode: full
encoding: windows-1252
delimiter: tab
quote: none
header_row: 3
columns:
  number: Personalnummer
  first_name: Vorname
  last_name: Nachname
  first_day: Eintritt
  last_day: Austritt
  status: Status
  manager: Vorgesetzter
  cost_center: Kostenstelle
manager_by: name
name_format: last, first
dates: DD.MM.YYYY
null_values: ["00.00.0000"]
status_values: {aktiv: active, ruhend: leave, ausgetreten: left, storniert: rescinded}
zone: Europe/Berlin
leavers: both
trailer: {starts_with: ENDE, count_column: 2}
row_count: true
required: [number, last_name]
limits: {max_bytes: 1000000, max_field_bytes: 1000}
`)
	if err != nil {
		t.Fatal(err)
	}
	if bad := m.Validate(); len(bad) > 0 {
		t.Fatalf("a full mapping is refused: %v", bad)
	}
	d := m.WithDefaults()
	if _, quotes := d.QuoteMark(); quotes || d.Separator() != '\t' || d.Limits.MaxFieldBytes != 1000 || d.Trailer.CountColumn != 2 {
		t.Errorf("decoded as %+v", d)
	}
	if got := strings.Join(d.AttributeNames(), " "); got != "cost_center first_name last_name" {
		t.Errorf("attributes are %s", got)
	}
	stored, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back Mapping
	if err := json.Unmarshal(stored, &back); err != nil || !reflect.DeepEqual(back, *m) {
		t.Errorf("stored as %s, it comes back as %+v, %v", stored, back, err)
	}
	if _, err := decode(t, base+"separatr: ;"); err == nil {
		t.Error("a misspelt name is accepted")
	}
}

func TestMappingDefaults(t *testing.T) {
	m, err := decode(t, base)
	if err != nil || len(m.Validate()) > 0 {
		t.Fatal(err, m.Validate())
	}
	d := m.WithDefaults()
	if d.Format != CSV || d.Mode != Full || d.Encoding != UTF8 || d.Delimiter != "," || d.Quote != `"` || d.HeaderRow != 1 ||
		d.ManagerBy != ByNumber || d.Zone != "UTC" || d.Leavers != ByBoth || d.Limits != (Limits{512 << 20, 64 << 10}) || len(d.Required) != 4 {
		t.Errorf("defaults are %+v", d)
	}
	if d = (Mapping{Mode: Delta}).WithDefaults(); d.Leavers != ByEndDate {
		t.Errorf("a delta has leavers by %s", d.Leavers)
	}
}

func TestMappingRefusesWhatItWouldHaveToGuess(t *testing.T) {
	for _, c := range []struct{ yaml, field, rule string }{
		{base + "format: ods", "format", "csv, xlsx"},
		{base + "mode: partial", "mode", "full, delta"},
		{base + "encoding: latin1", "encoding", "windows-1252"},
		{base + `delimiter: "||"`, "delimiter", "one ASCII"},
		{base + `delimiter: "x"`, "delimiter", "one ASCII"},
		{base + `delimiter: "'"` + "\nquote: \"'\"", "quote", "differ"},
		{base + `quote: "«"`, "quote", "one ASCII"},
		{base + "header_row: -1", "header_row", "1 or more"},
		{base + "sheet: Staff", "sheet", "xlsx"},
		{base + "manager_by: hope", "manager_by", "number, email, name"},
		{base + "manager_by: name", "name_format", "first last"},
		{base + "name_format: last, first", "name_format", "only"},
		{base + "zone: Local", "zone", "IANA"},
		{base + "zone: Mars/Olympus", "zone", "IANA"},
		{base + "leavers: never", "leavers", "absence"},
		{base + "leavers: end_date", "leavers", "nobody could ever leave"},
		{base + "mode: delta\nleavers: absence", "leavers", "not absent"},
		{base + "trailer: {starts_with: END}", "trailer.count_column", "required"},
		{base + "trailer: {count_column: 2}", "trailer.starts_with", "required"},
		{base + "status_values: {x: active}", "status_values", "columns.status"},
		{base + "required: [number, email]", "required[1]", "columns.email"},
		{base + "limits: {max_bytes: -1}", "limits.max_bytes", "above 0"},
		{base + "limits: {max_field_bytes: -1}", "limits.max_field_bytes", "above 0"},
		{"columns: {number: nr}\nrequired: [number]\ndates: auto", "dates", "YYYY"},
		{"columns: {number: nr}\nrequired: [number]\ndates: DD/MM/YY", "dates", "DD.MM.YYYY"},
		{"columns: {number: nr, birth_date: b}\nrequired: [number]", "dates", "birth_date"},
		{"columns: {number: nr, status: s}\nrequired: [number]\nstatus_values: {x: gone}", "status_values.x", "rescinded"},
		{"columns: {number: nr, Dept: d}\nrequired: [number]", "columns.Dept", "small letter"},
		{"columns: {number: ' '}\nrequired: [number]", "columns.number", "header"},
		{"columns: {email: mail}\nrequired: []", "columns.number", "required"},
		{"columns: {number: nr}", "required[1]", "first_name"},
	} {
		m, err := decode(t, c.yaml)
		if err != nil {
			t.Errorf("%s: %v", c.yaml, err)
			continue
		}
		found := false
		for _, f := range m.Validate() {
			found = found || f.Field == c.field && strings.Contains(f.Rule, c.rule)
		}
		if !found {
			t.Errorf("%s\n  wants %s: ...%s..., got %v", c.yaml, c.field, c.rule, m.Validate())
		}
	}
}

func TestAnEmptyListOfRequiredColumnsIsKept(t *testing.T) {
	stored, _ := json.Marshal(Mapping{Required: []string{}})
	var back Mapping
	if err := json.Unmarshal(stored, &back); err != nil || back.Required == nil {
		t.Errorf("stored as %s, it comes back as %#v, %v", stored, back.Required, err)
	}
}
