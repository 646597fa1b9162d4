// Command licences lists every module that is built into the product with the licence its text is, and fails on a module whose
// licence is not recognised or not on the list that the project accepts.
//
//	go run -C tools ./licences > licences/THIRD_PARTY.md
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// accepted are the licences that may be linked into an Apache-2.0 product without further thought.
var accepted = []string{"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "BSD-3-Clause-No-Nuclear-Warranty", "Unlicense", "CC0-1.0", "BSD-2-Clause-FreeBSD"}

type module struct{ Path, Version, Dir string }

func main() {
	if err := list(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func list(w io.Writer) error {
	mods, err := modules()
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "# Modules built into the product, with their licences")
	fmt.Fprintln(w, "\nMade by `make licences`. Build tools and test-only programs are not listed.\n\n| module | version | licence |\n|---|---|---|")
	var errs []error
	for _, m := range mods {
		id, err := licence(m.Dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Path, err))
			continue
		}
		fmt.Fprintf(w, "| %s | %s | %s |\n", m.Path, m.Version, id)
	}
	return errors.Join(errs...)
}

func modules() ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing modules: %w", err)
	}
	var mods []module
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSpace(line), "\t")
		if len(part) == 3 {
			mods = append(mods, module{Path: part[0], Version: part[1], Dir: part[2]})
		}
	}
	slices.SortFunc(mods, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(mods, func(a, b module) bool { return a.Path == b.Path }), nil
}

func licence(dir string) (string, error) {
	var found []string
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		name := strings.ToUpper(filepath.Base(f))
		if !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			continue // a folder called LICENSES
		}
		for _, m := range licensecheck.Scan(text).Match {
			found = append(found, m.ID)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return "", errors.New("no licence text was recognised")
	}
	for _, id := range found {
		if !slices.Contains(accepted, id) {
			return "", fmt.Errorf("licence %s is not on the accepted list", id)
		}
	}
	return strings.Join(found, ", "), nil
}
