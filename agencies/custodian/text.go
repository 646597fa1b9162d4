package custodian

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Text makes words out of a payload: a template whose {path}s are filled in, and then, where Words is given, the word for the result.
type Text struct {
	// Template is words with paths in braces ("{academicTermYearStart} to {academicTermYearEnd}").
	Template string
	// Words translates the custodian's values; a value that is not in it makes no field.
	Words map[string]string
}

// UnmarshalYAML reads a template, or {text: template, words: {value: words}}.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&t.Template)
	}
	var long struct {
		Text  string            `yaml:"text"`
		Words map[string]string `yaml:"words"`
	}
	if err := node.Decode(&long); err != nil {
		return err
	}
	if long.Text == "" || len(long.Words) == 0 {
		return fmt.Errorf("line %d: text and words are needed", node.Line)
	}
	t.Template, t.Words = long.Text, long.Words
	return nil
}

func (t Text) given() bool { return t.Template != "" }

var placeholder = regexp.MustCompile(`\{([A-Za-z0-9_.]+)\}`)

// paths are those that the template reads.
func (t Text) paths() []string {
	var paths []string
	for _, found := range placeholder.FindAllStringSubmatch(t.Template, -1) {
		paths = append(paths, found[1])
	}
	return paths
}

// of fills the template in. It is "" as soon as one path has no value: half a sentence could say something else.
func (t Text) of(payload any) string {
	missing := false
	words := placeholder.ReplaceAllStringFunc(t.Template, func(found string) string {
		value := valueAt(payload, strings.Trim(found, "{}"))
		missing = missing || value == ""
		return value
	})
	if missing {
		return ""
	}
	if t.Words != nil {
		return t.Words[words]
	}
	return words
}

// valueAt reads a value as words: a list's values are set apart by semicolons, and null is nothing.
func valueAt(payload any, path string) string {
	return wordsOf(at(payload, path))
}

func at(payload any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch node := payload.(type) {
		case map[string]any:
			payload = node[step]
		case []any: // the same attribute of each entry
			var all []any
			for _, entry := range node {
				all = append(all, at(entry, step))
			}
			payload = all
		default:
			return nil
		}
	}
	return payload
}

func wordsOf(value any) string {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		var parts []string
		for _, entry := range v {
			if words := wordsOf(entry); words != "" {
				parts = append(parts, words)
			}
		}
		return strings.Join(parts, "; ")
	}
	return ""
}

// leaves are the paths of a payload at which something stands; the entries of a list share one path.
func leaves(value any, path string, into map[string]bool) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for name, inner := range v {
			leaves(inner, strings.TrimPrefix(path+"."+name, "."), into)
		}
	case []any:
		for _, inner := range v {
			leaves(inner, path, into)
		}
	default:
		into[path] = true
	}
}
