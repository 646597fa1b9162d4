package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/policy"
)

// maxFile bounds one case (bytes); real ones have about one thousand.
const maxFile = 1 << 20

// Load reads cases from files and folders and checks them against the revision's codes. In a folder every .yaml and .yml file is a
// case; other files are left alone. Every problem in every file is reported together.
func Load(revision *policy.Revision, paths ...string) ([]Scenario, error) {
	var scenarios []Scenario
	var problems []error
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("scenario: %w", err)
		}
		root, only := path, ""
		if !info.IsDir() {
			root, only = filepath.Dir(path), filepath.Base(path)
		}
		found, err := load(revision, os.DirFS(root), only, func(name string) string { return filepath.Join(root, name) })
		scenarios, problems = append(scenarios, found...), append(problems, err)
	}
	return unique(scenarios, problems)
}

// LoadFS reads every case of a file system.
func LoadFS(revision *policy.Revision, fsys fs.FS) ([]Scenario, error) {
	found, err := load(revision, fsys, "", func(name string) string { return name })
	return unique(found, []error{err})
}

// load reads one file, or with only "" all of them.
func load(revision *policy.Revision, fsys fs.FS, only string, title func(string) string) ([]Scenario, error) {
	var scenarios []Scenario
	var problems []error
	names := []string{only}
	if only == "" {
		var err error
		if names, err = caseFiles(fsys); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		source, err := readCase(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("scenario: %w", err)
		}
		s, err := Parse(revision, title(name), source)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		scenarios = append(scenarios, s)
	}
	return scenarios, errors.Join(problems...)
}

// Parse reads one case and checks it against the revision's codes.
func Parse(revision *policy.Revision, file string, source []byte) (Scenario, error) {
	s, err := decode(file, source)
	if err != nil {
		return Scenario{}, err
	}
	return s, s.check(revision.Vocabulary(), revision.Catalogue())
}

func caseFiles(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

func readCase(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s is larger than a case can be", name)
	}
	return fs.ReadFile(fsys, name)
}

// unique refuses two cases of one name: their failures could not be told apart.
func unique(scenarios []Scenario, problems []error) ([]Scenario, error) {
	files := map[string]string{}
	for _, s := range scenarios {
		if other, taken := files[s.Name]; taken {
			problems = append(problems, fmt.Errorf("scenario: %s: the name %q is also %s's", s.File, s.Name, other))
		}
		files[s.Name] = s.File
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return scenarios, nil
}
