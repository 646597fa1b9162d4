package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// quoted are the commands that a page quotes: whole lines of examples, and what stands in backquotes, which may be less than a whole
// command.
var (
	lineQuoted   = regexp.MustCompile(`(?m)^ +(?:[a-z]*\$ )?mashctl (.+)$`)
	inlineQuoted = regexp.MustCompile("`mashctl (?s:([^`]+))`")
)

// TestTheGuideQuotesCommandsThatAreThere: every command that the guide quotes is one, with flags that it has and as many arguments as it
// takes.
func TestTheGuideQuotesCommandsThatAreThere(t *testing.T) {
	pages, err := filepath.Glob("../../policy/guide/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	pages = append(pages, "../../policy/README.md", "../../policy/rules/README.md", "../../policy/lint/README.md", "../../policy/bundle/README.md",
		"../../README.md", "../README.md", "../../agencies/README.md", "../../gateway/README.md")
	whole := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range lineQuoted.FindAllStringSubmatch(string(text), -1) {
			command, _, _ := strings.Cut(found[1], "   ") // what follows explains it
			if strings.HasSuffix(command, `\`) || strings.HasSuffix(command, "…") {
				continue // goes on
			}
			whole++
			if err := parses(command, true); err != nil {
				t.Errorf("%s quotes %q: %v", page, command, err)
			}
		}
		for _, found := range inlineQuoted.FindAllStringSubmatch(string(text), -1) {
			if err := parses(found[1], false); err != nil {
				t.Errorf("%s quotes %q: %v", page, found[1], err)
			}
		}
	}
	if whole < 30 {
		t.Errorf("only %d whole commands are quoted", whole)
	}
}

// TestWrongQuotesAreFound: what the test above is for.
func TestWrongQuotesAreFound(t *testing.T) {
	for _, command := range []string{
		"policy chek ours", "polcy check ours", "policy draft publish x", "policy check ours --scope coventry", "policy simulate", "policy approve a b",
		"policy sign unsigned.tar.gz -o signed.tar.gz",
	} {
		if parses(command, true) == nil {
			t.Errorf("%q is taken for a command", command)
		}
	}
}

func parses(command string, whole bool) error {
	root := newRoot()
	root.InitDefaultCompletionCmd("completion")
	cmd, rest, err := root.Find(split(command))
	switch {
	case err != nil:
		return err
	case cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-"):
		return fmt.Errorf("%s has no command %s", cmd.CommandPath(), rest[0])
	}
	return fits(cmd, rest, whole)
}

// fits holds the rest of a command to its flags and, of a whole one, to what it needs.
func fits(cmd *cobra.Command, rest []string, whole bool) error {
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return cmd.ValidateRequiredFlags()
}

// split splits a command as a shell does, for the quotes that the guide uses.
func split(command string) []string {
	var words []string
	quoted := false
	for _, word := range strings.FieldsFunc(strings.ReplaceAll(command, "\n", " "), func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	}) {
		first, _, _ := strings.Cut(word, "|") // one of several
		words = append(words, strings.ReplaceAll(first, `"`, ""))
	}
	return words
}
