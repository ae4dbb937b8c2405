package db_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"tenure/internal/db"
	"tenure/internal/db/dbtest"
)

const everyType = `create temporary table every_type (a int, b int, c smallint, d bigint, e text, f text, g bytea, h uuid, i jsonb,
	j timestamptz, k timestamptz, l date, m date, n timestamptz, o boolean, p int[])`

var everyColumn = strings.Split("a b c d e f g h i j k l m n o p", " ")

// TestBulkSaysWhatCopySays writes the same values through Bulk and through pgx's own encoding and compares the tables: few rows, which are
// inserted, and more, which are copied. Every second row is all zeros and nulls; the text is longer than the buffer.
func TestBulkSaysWhatCopySays(t *testing.T) {
	for _, n := range []int{2, 12} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { bulkSaysWhatCopySays(t, n) })
	}
}

func bulkSaysWhatCopySays(t *testing.T, n int) {
	d := dbtest.New(t)
	at := time.Date(1987, 6, 5, 4, 3, 2, 123456789, time.FixedZone("", -3*3600))
	day := time.Date(1912, 2, 29, 0, 0, 0, 0, time.UTC)
	long := strings.Repeat("ä", 100_000)
	uuid := [16]byte{1, 2, 3, 255}
	err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(everyType); err != nil {
			return err
		}
		if err := tx.Bulk("every_type", everyColumn, n, func(i int, r *db.Row) error {
			if i%2 == 1 {
				r.Int(0)
				r.ID(0)
				r.Small(0)
				r.Big(0)
				r.Text("")
				r.TextOrNull("")
				r.Bytes(nil)
				r.Null()
				r.JSON([]byte("{}"))
				r.Time(db.Forever)
				r.Null()
				r.Date(nil)
				r.Date(&at)
				r.Micros(math.MinInt64)
				r.Bool(false)
				r.Ints(nil)
				return nil
			}
			r.Int(-7)
			r.ID(7)
			r.Small(-3)
			r.Big(-1 << 40)
			r.Text(long)
			r.TextOrNull("x")
			r.Bytes([]byte{0, 1})
			r.UUID(uuid)
			r.JSON([]byte(`{"a":"b"}`))
			r.Time(at)
			r.Time(day)
			r.Date(&day)
			r.Date(&at)
			r.Micros(at.UnixMicro())
			r.Bool(true)
			r.Ints([]int32{3, -4})
			return nil
		}); err != nil {
			return err
		}
		if _, err := tx.Exec(`create temporary table other as select * from every_type limit 0`); err != nil {
			return err
		}
		rows := [][]any{
			{-7, 7, -3, int64(-1 << 40), long, "x", []byte{0, 1}, pgtype.UUID{Bytes: uuid, Valid: true}, []byte(`{"a":"b"}`), at, day, day, at, at, true, []int32{3, -4}},
			{0, nil, 0, 0, "", nil, nil, nil, []byte("{}"), db.At(db.Forever), nil, nil, at, nil, false, nil},
		}
		next := 0
		if _, err := tx.Copy("other", everyColumn, func() ([]any, bool) {
			if next == n {
				return nil, false
			}
			next++
			return rows[(next-1)%2], true
		}); err != nil {
			return err
		}
		var differ, all int
		if err := tx.QueryRow(`select (select count(*) from every_type), (select count(*) from (
			(select * from every_type except all select * from other) union all (select * from other except all select * from every_type)) x)`).
			Scan(&all, &differ); err != nil {
			return err
		}
		if all != n || differ != 0 {
			t.Errorf("%d rows, %d of them differ", all, differ)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBulkOfManyRows has rows that end anywhere in the buffer.
func TestBulkOfManyRows(t *testing.T) {
	d := dbtest.New(t)
	const n = 50_000
	err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(`create temporary table many (i int, s text, u uuid)`); err != nil {
			return err
		}
		if err := tx.Bulk("many", []string{"i", "s", "u"}, n, func(i int, r *db.Row) error {
			r.Int(i)
			r.Text(strings.Repeat("x", i%37))
			r.NewUUID()
			return nil
		}); err != nil {
			return err
		}
		var rows, wrong, uuids int
		err := tx.QueryRow(`select count(*), count(*) filter (where length(s) <> i % 37 or substr(u::text, 15, 1) <> '4'
			or substr(u::text, 20, 1) not in ('8', '9', 'a', 'b')), count(distinct u) from many`).Scan(&rows, &wrong, &uuids)
		if rows != n || wrong != 0 || uuids != n {
			t.Errorf("%d rows, %d of them wrong, %d uuids", rows, wrong, uuids)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBulkFails(t *testing.T) {
	d := dbtest.New(t)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		row  func(i int, r *db.Row) error
		want string
	}{
		"error of the row": {func(i int, r *db.Row) error {
			if r.Int(i); i == 20_000 {
				return broken
			}
			r.Text("x")
			return nil
		}, "broken"},
		"too few values":   {func(_ int, r *db.Row) error { r.Int(1); return nil }, "row 0 has 1 values for 2 columns"},
		"another type":     {func(_ int, r *db.Row) error { r.Big(1); r.Text(""); return nil }, "incorrect binary data format"},
		"server's refusal": {func(i int, r *db.Row) error { r.Int(i % 100); r.Text(""); return nil }, "duplicate key"},
	} {
		t.Run(name, func(t *testing.T) {
			err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
				if _, err := tx.Exec(`create temporary table many (i int primary key, s text)`); err != nil {
					return err
				}
				return tx.Bulk("many", []string{"i", "s"}, 30_000, c.row)
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if name == "error of the row" && !errors.Is(err, broken) {
				t.Errorf("%v hides the row's own error", err)
			}
			if err := d.Read(t.Context(), func(*db.Tx) error { return nil }); err != nil {
				t.Errorf("the pool is not healthy afterwards: %v", err)
			}
		})
	}
}

func BenchmarkBulk(b *testing.B) {
	d := dbtest.New(b)
	err := d.Do(b.Context(), db.System, func(tx *db.Tx) error {
		if _, err := tx.Exec(`create temporary table many (i int, s text, t timestamptz, b bytea)`); err != nil {
			return err
		}
		hash := bytes.Repeat([]byte{1}, 16)
		columns := []string{"i", "s", "t", "b"}
		const n = 10_000
		b.Run("bulk", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := tx.Bulk("many", columns, n, func(i int, r *db.Row) error {
					r.Int(i)
					r.Text("text")
					r.Time(tx.Now)
					r.Bytes(hash)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("copy", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				i := 0
				if _, err := tx.Copy("many", columns, func() ([]any, bool) {
					i++
					return []any{i, "text", tx.Now, hash}, i <= n
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
		return nil
	})
	if err != nil {
		b.Fatal(fmt.Errorf("bulk: %w", err))
	}
}

// TestFewRowsFail has a row among few that the server refuses, or that is not whole: the error names the table and what is wrong.
func TestFewRowsFail(t *testing.T) {
	d := dbtest.New(t)
	for name, x := range map[string]struct {
		rows [][2]string
		want string
	}{
		"refused by the server": {[][2]string{{"1", "x"}, {"2", "y"}, {"1", "z"}}, "copying into few: ERROR: duplicate key value violates unique constraint"},
		"too few values":        {[][2]string{{"1", "x"}, {"2", ""}}, "copying into few: row 1 has 1 values for 2 columns"},
	} {
		err := d.Do(t.Context(), db.System, func(tx *db.Tx) error {
			if _, err := tx.Exec(`create temporary table few (i text primary key, s text)`); err != nil {
				return err
			}
			return tx.Bulk("few", []string{"i", "s"}, len(x.rows), func(i int, r *db.Row) error {
				if r.Text(x.rows[i][0]); x.rows[i][1] != "" {
					r.Text(x.rows[i][1])
				}
				return nil
			})
		})
		if err == nil || !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
