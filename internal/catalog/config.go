package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"

	"tenure/internal/connector"
	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/evidence"
	"tenure/internal/plug"
)

// masked stands in the stored spec where a demo's file had a secret itself.
const masked = "(sealed)"

// settings is a resolved config: plain values and secrets apart.
type settings struct {
	plain, secret map[string]string
	spec          map[string]any // as declared, literal secrets masked
}

// resolve reads a config's values from the environment and from files, and checks them against what the connector declares.
//
// A variable that is not set (or a file that is not there) keeps the secret sealed before, if the file still names the same
// source: whoever applies a new rule need not hold every password. Otherwise it is an error.
func resolve(tx *db.Tx, s *ApplicationSpec, kind connector.Kind, old *Application, oldSecrets map[string]string) (settings, []errs.Field) {
	out := settings{plain: map[string]string{}, secret: map[string]string{}, spec: maps.Clone(s.Config)}
	secret := map[string]bool{}
	for _, f := range kind.Fields {
		secret[f.Name] = f.Type == plug.Secret
	}
	in, bad := plug.Config{}, []errs.Field(nil)
	refused := map[string]bool{}
	for name, v := range s.Config {
		value, literal, err := valueOf(v)
		if err == nil && secret[name] && literal && tx.Kind == db.Live {
			err = fmt.Errorf("is a secret: write {env: NAME} or {file: PATH}, so that it does not stand in the file")
		}
		if err != nil && secret[name] && !literal && old != nil && sameJSON(old.Spec.Config[name], v) && oldSecrets[name] != "" {
			value, err = oldSecrets[name], nil
		}
		if err != nil {
			bad = append(bad, errs.Field{Field: "spec.config." + name, Rule: err.Error()})
			refused[name] = true
			continue
		}
		if secret[name] && literal {
			out.spec[name] = masked
		}
		in[name] = value
	}
	checked, more := plug.Check(kind.Fields, in)
	for _, f := range more {
		if !refused[f.Field] {
			bad = append(bad, errs.Field{Field: "spec.config." + f.Field, Rule: f.Rule})
		}
	}
	for name, v := range checked {
		if secret[name] {
			out.secret[name] = v
		} else {
			out.plain[name] = v
		}
	}
	return out, bad
}

// valueOf gives the value of one setting. literal says that the file itself holds it.
func valueOf(v any) (value string, literal bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", true, nil
	case string:
		return v, true, nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), true, nil
	case map[string]any:
		env, isEnv := v["env"].(string)
		file, isFile := v["file"].(string)
		switch {
		case len(v) == 1 && isEnv:
			value = os.Getenv(env)
			if value == "" {
				return "", false, fmt.Errorf("comes from the environment variable %s, which is not set", env)
			}
			return value, false, nil
		case len(v) == 1 && isFile:
			b, err := os.ReadFile(file) //nolint:gosec // the file's path is the operator's own choice
			if err != nil {
				return "", false, fmt.Errorf("comes from the file %s, which cannot be read", file)
			}
			return strings.TrimRight(string(b), "\r\n"), false, nil
		}
	}
	return "", false, fmt.Errorf("must be one value, {env: NAME} or {file: PATH}")
}

// Open makes the connector of an application from its stored configuration and its secrets. It does not call the target.
func Open(app *Application, keeper *evidence.Keeper, kinds map[string]connector.Kind) (connector.Connector, error) {
	kind, ok := kinds[app.Connector]
	if !ok {
		return nil, errs.Invalid("application %s uses the connector %q, which this version of Tenure does not have", app.Name, app.Connector)
	}
	secrets, err := openSecrets(app, keeper)
	if err != nil {
		return nil, err
	}
	c := plug.Config{}
	maps.Copy(c, app.Config)
	maps.Copy(c, secrets)
	checked, bad := plug.Check(kind.Fields, c)
	if len(bad) > 0 {
		return nil, errs.InvalidFields(fmt.Sprintf("the stored configuration of application %s does not fit its connector: apply its file again", app.Name), bad)
	}
	return kind.Open(checked)
}

func secretsPlace(app int) string { return fmt.Sprintf("application/%d/secrets", app) }

func openSecrets(app *Application, keeper *evidence.Keeper) (map[string]string, error) {
	out := map[string]string{}
	if len(app.Secrets) == 0 {
		return out, nil
	}
	plain, err := keeper.Open(secretsPlace(app.ID), app.Secrets)
	if err != nil {
		return nil, fmt.Errorf("the credentials of application %s: %w", app.Name, err)
	}
	return out, json.Unmarshal(plain, &out)
}

// sameJSON compares values by their JSON, in which maps have their keys sorted.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
