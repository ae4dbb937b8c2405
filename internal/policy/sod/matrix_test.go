package sod

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"tenure/internal/errs"
)

const top = "source,rule_id,sides,side_count,severity,reason,level\n"

func rules(m *Matrix) (out []string) {
	for _, r := range m.Rules {
		out = append(out, fmt.Sprintf("%d %s: %s [%s] %s", r.Row, r.ID, strings.Join(r.Duties, " + "), r.Severity, r.Note))
	}
	return out
}

func rejects(m *Matrix) (out []string) {
	for _, r := range m.Rejects {
		out = append(out, fmt.Sprintf("%d %s: %s", r.Row, r.Field, r.Rule))
	}
	return out
}

func dutiesOf(m *Matrix) (out []string) {
	for _, d := range m.Duties {
		out = append(out, fmt.Sprintf("%s = %s (%s)", d.Name, strings.Join(d.Entitlements, ", "), d.Note))
	}
	return out
}

func TestReadMatrixRows(t *testing.T) {
	for _, c := range []struct {
		name, text             string
		duties, rules, rejects []string
	}{
		{"whole", top + "here,R1,Enter & Pay,2,High,because,role\n", []string{"Enter = Enter ()", "Pay = Pay ()"}, []string{"2 R1: Enter + Pay [high] "}, nil},
		{"columns in another order, others passed over", "note,sides,Rule_ID\nx,Enter & Pay,R1\n", []string{"Enter = Enter ()", "Pay = Pay ()"}, []string{"2 R1: Enter + Pay [] "}, nil},
		{"semicolons", "rule_id;sides;severity\nR1;A, B & C;low\n", []string{"A, B = A, B ()", "C = C ()"}, []string{"2 R1: A, B + C [low] "}, nil},
		{"a duty of two rules is one", top + ",R1,A & B,2,,,\n,R2,B & C,2,,,\n", []string{"A = A ()", "B = B ()", "C = C ()"}, []string{"2 R1: A + B [] ", "3 R2: B + C [] "}, nil},
		{"choices", top + ",R1,W:A|B | X:C|D & E,2,,,\n", []string{"W:A|B|X:C|D = W:A, W:B, X:C, X:D ()", "E = E ()"}, []string{"2 R1: W:A|B|X:C|D + E [] "}, nil},
		{"three sides", top + ",R1,A & B & C,3,,,\n", []string{"A = A ()", "B = B ()", "C = C ()"}, []string{"2 R1: A + B + C [] "}, nil},
		{"severity in other words", top + ",R1,A & B,2,CRITICAL,,\n,R2,A & B,2,score 100,,\n,R3,A & B,2,Moderate,,\n,R4,A & B,2,critical list,,\n", []string{"A = A ()", "B = B ()"},
			[]string{"2 R1: A + B [critical] ", "3 R2: A + B [] score 100", "4 R3: A + B [medium] ", "5 R4: A + B [] critical list"}, nil},
		{"formulas are texts", top + ",=1+1,=HYPERLINK(\"x\") & @SUM,2,,,\n", nil, nil, []string{`broken: the file cannot be read as CSV from line 2 on (line 2): bare " in non-quoted-field`}},
		{"formulas are texts, quoted", top + ",=1+1,\"=HYPERLINK(\"\"x\"\") & @SUM\",2,,,\n", []string{`=HYPERLINK("x") = =HYPERLINK("x") ()`, "@SUM = @SUM ()"},
			[]string{`2 =1+1: =HYPERLINK("x") + @SUM [] `}, nil},
		{"spaces and lines", top + ",R1,\" A\nb &\tC\u00a0d \",2,,,\n,R2,C d & E,2,,,\n", []string{"A b = A b ()", "C d = C d ()", "E = E ()"}, []string{"2 R1: A b + C d [] ", "4 R2: C d + E [] "}, nil},
		{"an ampersand within a name", top + ",R1,R&D & Q&A,2,,,\n", []string{"R&D = R&D ()", "Q&A = Q&A ()"}, []string{"2 R1: R&D + Q&A [] "}, nil},
		{"count", top + ",R1,P & L & Pay,2,,,\n,R2,A & B,two,,,\n,R3,A & B,,,,\n", []string{"A = A ()", "B = B ()"}, []string{"4 R3: A + B [] "},
			[]string{`2 side_count: says 2 and there are 3 sides; a name that has " & " in it cannot be told from two sides`, `3 side_count: "two" is not a number`}},
		{"ids", top + ",R1,A & B,2,,,\n,R1,C & D,2,,,\n,,C & D,2,,,\n", []string{"A = A ()", "B = B ()"}, []string{"2 R1: A + B [] "},
			[]string{`3 rule_id: "R1" is the rule of row 2 already`, "4 rule_id: is empty"}},
		{"a rejected row does not take the id", top + ",R1,A,1,,,\n,R1,C & D,2,,,\n", []string{"C = C ()", "D = D ()"}, []string{"3 R1: C + D [] "},
			[]string{`2 sides: has one side only; a rule has two or more, joined by " & "`}},
		{"sides", top + ",R1,,,,,\n,R2,A & ,2,,,\n,R3,A & & B,,,,\n,R4,A & A,2,,,\n,R5,A|A & B,2,,,\n,R6,A| & B,2,,,\n", nil, nil, []string{"2 sides: is empty",
			"3 sides: has an empty side, or an empty name in one", `4 sides: has an empty side, or an empty name in one`, `5 sides: has the side "A" twice`,
			`6 sides: has "A" twice on one side`, "7 sides: has an empty side, or an empty name in one"}},
		{"all that is wrong with a row", top + ",,A & B,3,,,\n", nil, nil, []string{"2 rule_id: is empty", `2 side_count: says 3 and there are 2 sides; a name that has " & " in it cannot be told from two sides`}},
		{"width", top + ",R1,A & B,2\n,R2,A & B,2,,,,more\n,R3,A & B,2,,,,\n\n", []string{"A = A ()", "B = B ()"}, []string{"4 R3: A + B [] "},
			[]string{"2 row: has 4 columns where the header has 7", "3 row: has 8 columns where the header has 7"}},
		{"empty", "", nil, nil, []string{"broken: the file is empty"}},
		{"header only", top, nil, nil, []string{"broken: the file has a header and no rows"}},
		{"no sides", "rule_id,side\nR1,A\n", nil, nil, []string{`broken: the header has no column "sides"; it has: "rule_id | side"`}},
		{"a column twice", "rule_id,sides,Sides\nR1,A & B,C & D\n", nil, nil, []string{`broken: the header has the column "sides" twice`}},
		{"not UTF-8", top + ",R1,A & \xff,2,,,\n", nil, nil, []string{"broken: the file is not UTF-8; save it as CSV UTF-8"}},
		{"a quote that stays open", top + ",R1,A & B,2,,,\n,R2,\"A & B,2,,,\n", nil, nil, []string{`broken: the file cannot be read as CSV from line 3 on (line 3): extraneous or missing " in quoted-field`}},
	} {
		m, err := ReadMatrix("rules.CSV", strings.NewReader(c.text))
		if err != nil {
			if errs.KindOf(err) != errs.KindInvalid || m != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if got := "broken: " + err.Error(); len(c.rejects) != 1 || c.rejects[0] != got {
				t.Errorf("%s: %s", c.name, got)
			}
			continue
		}
		if d := cmp.Diff([][]string{c.duties, c.rules, c.rejects}, [][]string{dutiesOf(m), rules(m), rejects(m)}); d != "" {
			t.Errorf("%s: expected - got +\n%s", c.name, d)
		}
	}
}

func TestReadMatrixRefusesWhatIsTooLarge(t *testing.T) {
	for name, text := range map[string]string{
		"more than 50000 rows":    top + strings.Repeat(",R,A & B,2,,,\n", maxRows+1),
		"a cell larger than 1 MB": top + ",R1,A & " + strings.Repeat("b", maxCell) + ",2,,,\n",
		"larger than 64 MB":       top + strings.Repeat(",R1,A & B,2,,,"+strings.Repeat("c", 1000)+"\n", 70_000),
	} {
		if m, err := ReadMatrix("rules.csv", strings.NewReader(text)); m != nil || err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := ReadMatrix("rules.csv", strings.NewReader(top+strings.Repeat(",R,A & B,2,,,\n", maxRows)))
	if err != nil || len(m.Rules) != 1 || len(m.Rejects) != maxRows-1 {
		t.Errorf("as many rows as are allowed: %v", err)
	}
	if _, err := ReadMatrix("rules.ods", strings.NewReader("")); errs.KindOf(err) != errs.KindInvalid {
		t.Error(err)
	}
	if _, err := ReadMatrix("rules.xlsx", strings.NewReader("PK\x03\x04 no workbook")); errs.KindOf(err) != errs.KindInvalid {
		t.Error(err)
	}
}

// workbook writes rows as a spreadsheet program would.
func workbook(t *testing.T, rows [][]string) []byte {
	book := excelize.NewFile()
	for y, row := range rows {
		for x, cell := range row {
			at, err := excelize.CoordinatesToCellName(x+1, y+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := book.SetCellStr("Sheet1", at, cell); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The same rows in a workbook are the same matrix.
func TestReadMatrixWorkbook(t *testing.T) {
	text := top + "here,R1,Enter & W:A|B,2,High,because,role\n,R2,A,1,,,\n,R3,=A1 & B,2,,,\n,R4,C & D,2,low,,\n"
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want, err := ReadMatrix("rules.csv", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	raw := workbook(t, rows)
	got, err := ReadMatrix("rules.xlsx", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("CSV - XLSX +\n%s", d)
	}
	for cut := 1; cut < len(raw); cut += len(raw)/50 + 1 {
		if m, err := ReadMatrix("rules.xlsx", bytes.NewReader(raw[:cut])); m != nil || errs.KindOf(err) != errs.KindInvalid {
			t.Fatalf("cut after %d of %d bytes: %v", cut, len(raw), err)
		}
	}
}

// A workbook whose rows were cut and packed again opens, and would end early.
func TestReadMatrixRefusesCutParts(t *testing.T) {
	raw := workbook(t, [][]string{strings.Split(strings.TrimSpace(top), ","), {"", "R1", "A & B", "2", "", "", ""}, {"", "R2", "A & C", "2", "", "", ""}})
	for _, part := range []string{"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"} {
		in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, f := range in.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if f.Name == part {
				text = text[:max(bytes.LastIndex(text, []byte("<row")), bytes.LastIndex(text, []byte("<si>")))]
			}
			entry, err := w.Create(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := entry.Write(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if m, err := ReadMatrix("rules.xlsx", &out); m != nil || err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v %v", part, m, err)
		}
	}
}

// The public matrix comes out of a workbook as it comes out of the CSV file.
func TestReadMatrixOfPublicRules(t *testing.T) {
	rows, err := csv.NewReader(shared(t, "sod-rules.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want, err := ReadMatrix("sod-rules.csv", shared(t, "sod-rules.csv"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadMatrix("sod-rules.xlsx", bytes.NewReader(workbook(t, rows)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Rules { // a line of the file that holds a line break is two lines and one row
		want.Rules[i].Row, got.Rules[i].Row = 0, 0
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("CSV - XLSX +\n%s", d)
	}
	severities := map[string]int{}
	for _, r := range got.Rules {
		if severities[r.Severity]++; r.Severity == "" && r.Note == "" {
			severities["unsaid"]++
		}
	}
	if d := cmp.Diff(map[string]int{"critical": 23, "high": 16, "medium": 2, "": 72, "unsaid": 28}, severities); d != "" {
		t.Errorf("expected - got +\n%s", d)
	}
}

func TestReadMatrixFunctions(t *testing.T) {
	for _, c := range []struct {
		name, text             string
		duties, rules, rejects []string
	}{
		{"whole", `{"source":"x","functions":{"Pay":{"tcodes":["F1","F2"],"fiori":["P1"],"authObjects":["O1","O2"]}},"moreFunctions":{"Enter":["E1"]},
			"risks":[{"id":"R1","level":"High","functions":["Pay","Enter"]}]}`,
			[]string{"Pay = F1, F2, P1 (authObjects: O1, O2)", "Enter = E1 ()"}, []string{"1 R1: Pay + Enter [high] "}, nil},
		{"unknown function", `{"functions":{"A":["1"],"B":["2"]},"risks":[{"id":"R1","functions":["A","C (cut)"]},{"id":"R2","functions":["A","B"]}]}`,
			[]string{"A = 1 ()", "B = 2 ()"}, []string{"2 R2: A + B [] "}, []string{`1 risks[0].functions[1]: there is no function "C (cut)"`}},
		{"twice", `{"functions":{"A":["1"],"A":["2"],"B":["3","3"],"C":["4"]},"risks":[{"id":"R1","functions":["A","A"]},{"id":"R2","functions":["A","C"]},{"id":"R2","functions":["C","A"]}]}`,
			[]string{"A = 1 ()", "C = 4 ()"}, []string{"2 R2: A + C [] "}, []string{`0 functions."A": comes twice; the first is taken`, `0 functions."B": has "3" twice`,
				`1 risks[0].functions[1]: "A" comes twice`, `3 risks[2].id: "R2" is the rule of row 2 already`}},
		{"odd functions", `{"functions":{"A":[],"B":"x","C":{"tcodes":"x"},"D":{"authObjects":["O"]},"":["1"],"E":[" "]},"risks":[{"functions":["A"]}]}`, nil, nil,
			[]string{`0 functions."A": has no transactions`, `0 functions."B": must be a list of transactions, or an object of such lists`,
				`0 functions."C": "tcodes" must be a list of names`, `0 functions."D": has no transactions`, `0 functions."": has no name`, `0 functions."E": has an empty name`,
				"1 risks[0].id: is empty", `1 risks[0].functions[0]: there is no function "A"`, "1 risks[0].functions: must be two or more"}},
	} {
		m, err := ReadMatrix("functions.json", strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff([][]string{c.duties, c.rules, c.rejects}, [][]string{dutiesOf(m), rules(m), rejects(m)}); d != "" {
			t.Errorf("%s: expected - got +\n%s", c.name, d)
		}
	}
	for _, text := range []string{``, `{`, `[]`, `{}`, `null`, `{"functions":[]}`, `{"functions":{"A":["1"]}} {}`, "{\"functions\":{\"A\":[\"\xff\"]}}", `{"functions":{"A":["1"]},"risks":3}`} {
		if m, err := ReadMatrix("f.json", strings.NewReader(text)); m != nil || errs.KindOf(err) != errs.KindInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReadMatrixOfPublicFunctions(t *testing.T) {
	m, err := ReadMatrix("functions.json", shared(t, "functions.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Duties) != 10 || len(m.Rules) != 1 || len(m.Duties[0].Entitlements) != 14 || m.Rules[0].Severity != "high" {
		t.Errorf("%q %q", dutiesOf(m), rules(m))
	}
	if len(m.Rejects) != 1 || !strings.Contains(m.Rejects[0].Rule, "(truncated)") { // the excerpt names a function that it does not have
		t.Errorf("%q", rejects(m))
	}
}

// Whatever comes, there is no panic, no rule that Compile would refuse, and nothing half taken.
func FuzzReadMatrix(f *testing.F) {
	f.Add("a.csv", []byte(top+",R1,A & B|C,2,High,,\n"))
	f.Add("a.json", []byte(`{"functions":{"A":["1"],"B":{"tcodes":["2"]}},"risks":[{"id":"R","functions":["A","B"]}]}`))
	f.Fuzz(func(t *testing.T, name string, raw []byte) {
		m, err := ReadMatrix(name, bytes.NewReader(raw))
		if err != nil {
			if m != nil {
				t.Error("an error and a matrix")
			}
			return
		}
		duties := map[string]bool{}
		for _, d := range m.Duties {
			if d.Name == "" || len(d.Entitlements) == 0 || duties[d.Name] {
				t.Errorf("duty %+v", d)
			}
			duties[d.Name] = true
		}
		ids := map[string]bool{}
		for _, r := range m.Rules {
			if r.ID == "" || len(r.Duties) < 2 || ids[r.ID] {
				t.Errorf("rule %+v", r)
			}
			ids[r.ID] = true
			for _, d := range r.Duties {
				if !duties[d] {
					t.Errorf("rule %+v of an unknown duty", r)
				}
			}
		}
	})
}
