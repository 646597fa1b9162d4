package lint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/mashgate/mashgate/policy"
)

// Formatted are the Rego files of a folder that are not as `opa fmt` writes them, as it would write them. A file that does not parse
// is left out: it has no format yet.
func Formatted(fsys fs.FS) (map[string][]byte, error) {
	files, err := regoFiles(fsys)
	if err != nil {
		return nil, err
	}
	return reformatted(files), nil
}

func reformatted(files map[string][]byte) map[string][]byte {
	changed := map[string][]byte{}
	for name, source := range files {
		formatted, err := format.SourceWithOpts(name, source, format.Opts{RegoVersion: ast.RegoV1})
		if err == nil && !bytes.Equal(formatted, source) {
			changed[name] = formatted
		}
	}
	return changed
}

// formatted looks at the folder's own files; what it lies over has been looked at where it was written.
func (c *check) formatted() {
	changed := reformatted(c.own)
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		c.add(idFormat, place{file: name, line: firstDifference(c.own[name], changed[name])}, "is not as `opa fmt` writes it")
	}
}

// firstDifference is the first line on which two texts differ.
func firstDifference(a, b []byte) int {
	left, right := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range left {
		if i >= len(right) || !bytes.Equal(left[i], right[i]) {
			return i + 1
		}
	}
	return len(left)
}

// unreadable turns what is wrong with reading a pack into findings, and says what could not be asked.
func (c *check) unreadable(problems error) error {
	if _, err := c.readPositions(policy.Manifest{}); err != nil {
		return err
	}
	c.refused(idRead, problems)
	c.report.NotChecked = append(c.report.NotChecked, "The pack cannot be read, so only its format was looked at.")
	return nil
}

// compile asks the decision point itself: strict compilation first, then everything else it refuses. The second error is cancellation.
func (c *check) compile(ctx context.Context, pack *policy.Pack) (refusal, err error) {
	if !slices.ContainsFunc([]string{idCompile, idEngine, idUnreached, idTests, idSlow}, c.asked) {
		return nil, nil
	}
	options := policy.CompileOptions{Catalogue: c.options.Catalogue}
	if pack.Manifest().Kind == policy.KindAgency {
		_, refusal = pack.CompileAgency(ctx, options)
	} else {
		_, refusal = pack.Compile(ctx, options)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("lint: compiling: %w", context.Cause(ctx))
	}
	return refusal, nil
}

// refused records each of the problems in an error, where it stands. Those of the Rego compiler are lints of their own, and what a lint
// has said already, with its way out, is not said twice.
func (c *check) refused(id string, err error) {
	var compiling ast.Errors
	if errors.As(err, &compiling) {
		for _, problem := range compiling {
			of := id
			if id == idEngine {
				of = idCompile
			}
			c.add(of, c.compilerPlace(problem), problem.Message)
		}
		if id == idEngine {
			return
		}
	}
	for _, problem := range leaves(err) {
		if errors.As(problem, &compiling) {
			continue
		}
		at, message := c.located(problem.Error())
		if id != idEngine || !c.known(at, message) {
			c.add(id, at, message)
		}
	}
}

// known tells whether a lint has found the same: at the same line, or in the same words about one part of it.
func (c *check) known(at place, message string) bool {
	return slices.ContainsFunc(c.report.Findings, func(f Finding) bool {
		return at.line > 0 && f.File == at.file && f.Line == at.line || strings.HasSuffix(message, ": "+f.Message)
	})
}

func (c *check) compilerPlace(problem *ast.Error) place {
	if problem.Location == nil {
		return place{}
	}
	return c.inFile(problem.Location.File, problem.Location.Row)
}

// leaves are the problems that an error joins, however often they have been wrapped.
func leaves(err error) []error {
	var joined interface{ Unwrap() []error }
	if err == nil {
		return nil
	}
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, inner := range joined.Unwrap() {
		all = append(all, leaves(inner)...)
	}
	return all
}

var (
	ownWords = regexp.MustCompile(`^(policy: |testing: |reading the pack: |compiling: |compiling with tests: |\d+ errors? occurred: )+`)
	// named is a problem that begins with the file it is in, and perhaps a line of it.
	named = regexp.MustCompile(`^([\w./-]+\.\w+)(?::(\d+))?: (.*)$`)
	// lined is how YAML says where.
	lined = regexp.MustCompile(`\bline (\d+)`)
	// coded is a problem with an entry of a table, and codes are where those tables stand.
	coded = regexp.MustCompile(`^(concern|reason) ([^\s:]+): `)
	codes = map[string][]string{"concern": {"concerns", "codes"}, "reason": {"reasons"}}
)

// located takes the place out of the words of a problem.
func (c *check) located(text string) (place, string) {
	text = ownWords.ReplaceAllString(strings.Join(strings.Fields(text), " "), "")
	if of := coded.FindStringSubmatch(text); of != nil {
		return c.positions.find(append(slices.Clone(codes[of[1]]), of[2])), text
	}
	found := named.FindStringSubmatch(text)
	if found == nil {
		return place{}, text
	}
	if at := c.keyed(found[1], found[3]); found[2] == "" && !lined.MatchString(found[3]) && at.line > 0 {
		return at, found[3]
	}
	line, _ := strconv.Atoi(found[2])
	if at := lined.FindStringSubmatch(found[3]); line == 0 && at != nil {
		line, _ = strconv.Atoi(at[1])
	}
	return c.inFile(found[1], line), found[3]
}

// keyed finds the line of the key that a problem with a YAML file begins with.
func (c *check) keyed(file, problem string) place {
	key, _, _ := strings.Cut(problem, " ")
	key, _, _ = strings.Cut(strings.TrimSuffix(key, ":"), "[")
	return c.positions.find([]string{strings.TrimSuffix(path.Base(file), path.Ext(file)), key})
}
