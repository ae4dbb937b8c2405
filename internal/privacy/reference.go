package privacy

import (
	"fmt"
	"strings"
)

// Reference is the data inventory for people: docs/reference/privacy.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Personal data: what is where, how long, and what erasing does

Made from the code (` + "`go test ./internal/privacy -run Reference -update`" + `). A test fails on a column of text, JSON or bytes that is not named here.
[How to erase somebody, keep and hold](../how-to/privacy.md).

## How long records are kept

Compliance sets other times under *Evidence*, *Privacy*.

| kind | what | kept | then | why |
|---|---|---|---|---|
`)
	for _, k := range kinds {
		fmt.Fprintf(&b, "| `%s` | %s: %s | %d days | %s | %s |\n", k.Name, k.Title, k.About, k.Days, k.Act, k.Why)
	}
	b.WriteString(`
Besides: wrong guesses, sign-ins on their way and answers of the API that must not be repeated are kept for a day; files of tasks for the time that each states; jobs of the queue
hold ids only and go within days.

## Columns that may hold personal values

The mark is ` + "`erased person #ID`" + `. *Where it names the person* means: full names that nobody else has, e-mail addresses, and login names in which a digit or a mark stands; in such a row
numbers and other login names as well. A first name alone, or a description, is not recognised.

| table | columns | what | kept | erasing |
|---|---|---|---|---|
`)
	for _, h := range Inventory {
		if h.Holds != "" {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", h.Table, strings.ReplaceAll(h.Columns, " ", ", "), h.Holds, h.Kept, h.Erased)
		}
	}
	b.WriteString(`
## Columns without

States, kinds, hashes, names of what is declared, and other texts of the organisation:

| table | columns |
|---|---|
`)
	for _, h := range Inventory {
		if h.Holds == "" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", h.Table, strings.ReplaceAll(h.Columns, " ", ", "))
		}
	}
	return b.String()
}
