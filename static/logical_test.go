package static

import (
	"regexp"
	"strings"
	"testing"
)

// physical are properties and values that name a side of the window. Languages that are written from right to left need the sides
// of the text: margin-inline-start, inset-inline-end, text-align: start.
var physical = regexp.MustCompile(`(?:^|[;{\s])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)[\w-]*|left|right|border-(?:top|bottom)-(?:left|right)-radius)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)\b`)

// TestStylesNameNoSideOfTheWindow reads our own style sheets; those of the kit come mirrored from its makers.
func TestStylesNameNoSideOfTheWindow(t *testing.T) {
	for _, name := range []string{"css/tenure.css", "css/kit.css"} {
		for i, line := range strings.Split(string(Bytes(name)), "\n") {
			if what := physical.FindString(line); what != "" {
				t.Errorf("%s:%d: %q names a side of the window; say it by the side of the text", name, i+1, strings.TrimSpace(what))
			}
		}
	}
	for _, bad := range []string{"a { margin-left: 1px }", "a{left:0}", "a { text-align: right; }", "a { color: red; border-left-color: red }", "a { border-top-left-radius: 0 }"} {
		if !physical.MatchString(bad) {
			t.Errorf("%q is not found", bad)
		}
	}
	for _, good := range []string{"a { margin-inline-start: 1px }", "a { inset-inline: 0 }", "a { text-align: start; float: none }", "a { padding-block: 0 }"} {
		if physical.MatchString(good) {
			t.Errorf("%q is found", good)
		}
	}
}
