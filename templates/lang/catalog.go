package lang

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed messages*.yaml
var files embed.FS

// shipped are the languages of this build, English first.
var shipped = must(load(files))

func must(all *all, err error) *all {
	if err != nil {
		panic(err) // a file of this build cannot be read: TestEveryShippedLanguageIsRead
	}
	return all
}

// all are the languages of a build.
type all struct {
	byTag   map[language.Tag]*Language
	tags    []language.Tag
	matcher language.Matcher
}

// Match gives the language that fits best what a browser asks for (Accept-Language): English when none does.
func Match(accept string) *Language { return shipped.match(accept) }

// Shipped gives the languages there are, English first.
func Shipped() []*Language {
	out := make([]*Language, len(shipped.tags))
	for i, t := range shipped.tags {
		out[i] = shipped.byTag[t]
	}
	return out
}

// Of gives the language of a tag that Tag gave; ok is false when it is not there (any more).
func Of(tag string) (l *Language, ok bool) {
	for _, l := range shipped.byTag {
		if l.Tag() == tag {
			return l, true
		}
	}
	return nil, false
}

func (a *all) match(accept string) *Language {
	asked, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(asked) == 0 {
		return english
	}
	_, i, _ := a.matcher.Match(asked...)
	return a.byTag[a.tags[i]]
}

// Message is what a file says for one key: a text, or one for each form of a count (zero, one, two, few, many, other).
type Message struct {
	Text  string
	Forms map[string]string
}

// UnmarshalYAML takes a text or forms.
func (m *Message) UnmarshalYAML(node []byte) error {
	if yaml.Unmarshal(node, &m.Text) == nil {
		return nil
	}
	return yaml.Unmarshal(node, &m.Forms)
}

// load reads the files of the translations. Each is checked: a form that the language does not have is refused.
func load(from fs.FS) (*all, error) {
	a := &all{byTag: map[language.Tag]*Language{language.English: english}, tags: []language.Tag{language.English}}
	names, err := fs.Glob(from, "messages.*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		tag, err := language.Parse(strings.TrimSuffix(strings.TrimPrefix(path.Base(name), "messages."), ".yaml"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		messages := map[string]Message{}
		if err := yaml.Unmarshal(text, &messages); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		words := catalog.NewBuilder(catalog.Fallback(tag))
		for k, m := range messages {
			if err := m.put(words, tag, k); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", name, k, err)
			}
		}
		a.tags = append(a.tags, tag)
		a.byTag[tag] = &Language{tag: tag, words: words, digits: message.NewPrinter(tag)}
	}
	a.matcher = language.NewMatcher(a.tags)
	return a, nil
}

func (m Message) put(words *catalog.Builder, tag language.Tag, k string) error {
	if Places(m.Text) != Places(k) && m.Text != "" {
		return fmt.Errorf("the places for values are not those of the English text")
	}
	if strings.TrimSpace(strings.Join(slices.Collect(maps.Values(m.Forms)), "")) == "" {
		if m.Text == "" {
			return nil // not translated yet
		}
		return words.Set(tag, k, catalog.String(m.Text))
	}
	var cases []any
	for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
		if text, ok := m.Forms[form]; ok {
			cases = append(cases, form, text)
		}
	}
	return words.Set(tag, k, plural.Selectf(1, "%d", cases...))
}

// Places counts the places for values in a text; they may be in another order when they are numbered (%[2]s).
func Places(text string) int {
	return strings.Count(text, "%") - 2*strings.Count(text, "%%")
}
