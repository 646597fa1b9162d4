package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Text is the explanation in sentences for a person.
func (x Explanation) Text() string {
	if x.Untold {
		return "There is nothing to share.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n", x.Headline(), x.because())
	if len(x.Inputs) > 0 {
		b.WriteString("It read:\n")
		for _, input := range x.Inputs {
			fmt.Fprintf(&b, "  %s = %s\n", input.Path, Brief(input.JSON()))
		}
	}
	for _, change := range x.Changes {
		fmt.Fprintf(&b, "%s\n", change.Text)
	}
	fmt.Fprintf(&b, "Policy revision %s.\n", x.Revision)
	return b.String()
}

// WriteText writes Text.
func (x Explanation) WriteText(w io.Writer) error {
	_, err := io.WriteString(w, x.Text())
	return err
}

// JSON is the value on one line.
func (i Input) JSON() string {
	var b bytes.Buffer
	if err := json.Compact(&b, i.Value); err != nil {
		return string(i.Value)
	}
	return b.String()
}

// briefItems is how many items of a list are written out in a sentence.
const briefItems = 3

// Brief writes a value for a line of text: of a long list of codes the first and how many more there are.
func Brief(value string) string {
	var items []json.RawMessage
	if json.Unmarshal([]byte(value), &items) != nil || len(items) <= briefItems+1 {
		return value
	}
	shown := make([]string, 0, briefItems)
	for _, item := range items[:briefItems] {
		shown = append(shown, string(item))
	}
	return fmt.Sprintf("[%s, and %d more]", strings.Join(shown, ", "), len(items)-briefItems)
}

// Headline is the outcome in words.
func (x Explanation) Headline() string {
	switch {
	case x.Gates && x.Proceed:
		return "The request may go ahead"
	case x.Gates:
		return "Nobody is asked"
	}
	words := map[string]string{
		"deny": "Not shared", "review": "Held for review", "exist": "Only told that there is something", "redact": "Released in part",
		"permit": "Released",
	}[string(x.Effect)]
	if len(x.Masks) > 0 && x.Effect.Content() {
		words += ", with " + strings.Join(plainAll(x.Masks), ", ") + " masked"
	}
	return words
}

func (x Explanation) because() string {
	if len(x.Rules) == 0 {
		return "."
	}
	var b strings.Builder
	b.WriteString(", because:")
	for _, rule := range x.Rules {
		fmt.Fprintf(&b, "\n  %s (%s) [%s: %s", rule.Text, rule.Source, rule.Rule, rule.Effect)
		if len(rule.Masks) > 0 {
			fmt.Fprintf(&b, " %s", strings.Join(rule.Masks, " "))
		}
		for _, at := range rule.Locations {
			fmt.Fprintf(&b, ", %s", at)
		}
		b.WriteString("]")
	}
	return b.String()
}
