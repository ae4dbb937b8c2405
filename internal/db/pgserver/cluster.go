package pgserver

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"tenure/internal/errs"
)

// Owner is the superuser of the private server.
const Owner = "tenure_owner"

// secretFile holds the password of Owner. It lies inside the cluster, so that the two are never parted.
const secretFile = "tenure.secret"

// clusterVersion is the major version that made the cluster, 0 when there is none.
func clusterVersion(dir string) (int, error) {
	data := clusterDir(dir)
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err == nil {
		return strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if !os.IsNotExist(err) {
		return 0, err
	}
	if _, err := os.Lstat(data); err == nil {
		return 0, errs.Conflict("%s is not a PostgreSQL cluster: move it away, or choose another data folder.", data)
	}
	return 0, nil
}

// makeCluster runs initdb in a folder beside the final one and renames the result, so that a cluster is there completely or
// not at all. The caller holds the run lock.
func (k *keeper) makeCluster() error {
	next := clusterDir(k.Dir) + ".new"
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := k.As.folder(next); err != nil {
		return err
	}
	if err := k.As.write(next, secretFile, rand.Text()); err != nil {
		return err
	}
	if err := k.initdb(next); err != nil {
		return err
	}
	made := filepath.Join(next, "data")
	if err := os.Rename(filepath.Join(next, secretFile), filepath.Join(made, secretFile)); err != nil {
		return err
	}
	if err := os.Rename(made, clusterDir(k.Dir)); err != nil {
		return err
	}
	if err := os.Remove(next); err != nil {
		return err
	}
	d, err := os.Open(k.Dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// initdb makes the folder data in next. Text sorts by bytes, which is fast and does not change with the system's library; only what a letter
// is, and its lower case, comes from a locale, the first that this system knows.
func (k *keeper) initdb(next string) error {
	var out []byte
	var err error
	for _, ctype := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		cmd := k.As.command(filepath.Join(k.Bin, "initdb"))
		dieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
		folder, done, herr := k.As.hand(cmd, next)
		if herr != nil {
			return herr
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, k.run)
		cmd.Args = append(cmd.Args, "-D", folder+"/data", "-U", Owner, "--pwfile="+folder+"/"+secretFile,
			"--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--locale=C", "--lc-ctype="+ctype)
		if k.Fast {
			cmd.Args = append(cmd.Args, "--no-sync")
		}
		out, err = cmd.CombinedOutput()
		done()
		if err == nil || !bytes.Contains(out, []byte("locale")) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, tail(out))
	}
	return nil
}

// settings are the values for a small machine that also loads in bulk. The log must not tell what people stored: no statements,
// no parameters, no key values.
var settings = map[string]string{
	"max_connections":          "200",
	"shared_buffers":           "256MB",
	"effective_cache_size":     "1GB",
	"work_mem":                 "16MB",
	"maintenance_work_mem":     "128MB",
	"random_page_cost":         "1.1",
	"jit":                      "off",
	"max_wal_size":             "2GB",
	"min_wal_size":             "256MB",
	"checkpoint_timeout":       "15min",
	"password_encryption":      "scram-sha-256",
	"timezone":                 "UTC",
	"log_timezone":             "UTC",
	"log_line_prefix":          "%m [%p] ",
	"log_checkpoints":          "off",
	"log_min_error_statement":  "panic",
	"log_error_verbosity":      "terse",
	"log_parameter_max_length": "0",
}

// fast gives up all safety against a crash of the machine. Commits stay synchronous: without fsync that costs nothing, and
// with it a commit would be lost when a test kills the server.
var fast = map[string]string{
	"fsync":            "off",
	"full_page_writes": "off",
	"shared_buffers":   "128MB",
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$`)

// configure writes the configuration. Both files are ours and are written at every start; an administrator's own settings go
// through ALTER SYSTEM, which has the last word.
func (k *keeper) configure() error {
	all := maps.Clone(settings)
	if k.Fast {
		maps.Copy(all, fast)
	}
	maps.Copy(all, k.Settings)
	var conf strings.Builder
	conf.WriteString("# Written by Tenure at every start. Use ALTER SYSTEM for settings of your own.\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&conf, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	hba := "# Written by Tenure at every start.\nlocal all all scram-sha-256\n"
	if k.TCP {
		hba += "host all all 127.0.0.1/32 scram-sha-256\n"
	}
	if err := k.As.write(clusterDir(k.Dir), "postgresql.conf", conf.String()); err != nil {
		return err
	}
	return k.As.write(clusterDir(k.Dir), "pg_hba.conf", hba)
}

// password reads the password of Owner.
func password(dir string) (string, error) {
	root, err := os.OpenRoot(clusterDir(dir))
	if err != nil {
		return "", err
	}
	defer root.Close()
	text, err := root.ReadFile(secretFile)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}
