package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/policy/lint"
)

// errFindings says that a pack does not pass; what was found has been printed.
var errFindings = errors.New("the pack does not pass")

// checkFlags are how a check is made and shown.
type checkFlags struct {
	fix, strict, sarif, list bool
	only                     []string
	today                    string
}

func (a *app) policyCheck() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use: "check PATH", Short: "Check a policy pack: format, strict compilation and what this domain asks; needs no server",
		Long: "PATH is the folder of a pack, of a hub or of an agency. Everything is reported at once, each finding with its line and a way\n" +
			"out. An error stops the pack, a warning only with --strict. --list says what is looked for, and why.\n" +
			"Exit code 0 when the pack passes, 1 when it does not, 2 for wrong use.",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			switch {
			case f.list && len(given) == 0:
				return a.listLints(cmd.OutOrStdout())
			case f.list || len(given) == 0:
				return usage("%s: give the folder of a pack, or --list alone", cmd.CommandPath())
			case f.sarif && a.json:
				return usage("%s: --sarif and --json are two ways to print the same", cmd.CommandPath())
			}
			return a.check(cmd, given[0], f)
		},
	}
	cmd.Flags().BoolVar(&f.fix, "fix", false, "first write the pack's Rego as `opa fmt` does; nothing else is changed")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "a warning stops the pack too")
	cmd.Flags().BoolVar(&f.sarif, "sarif", false, "print SARIF 2.1.0, for code hosts and CI systems")
	cmd.Flags().BoolVar(&f.list, "list", false, "print what is looked for, why, and the way out")
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "ask only these lints, by `ID`")
	cmd.Flags().StringVar(&f.today, "today", "", "check as on this `DAY` (2026-09-30), for reviews and exceptions that end; today when left out")
	return cmd
}

func (a *app) check(cmd *cobra.Command, dir string, f checkFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("%s is not a folder", dir)
	}
	if f.fix {
		if err := fixFormat(cmd.ErrOrStderr(), dir); err != nil {
			return err
		}
	}
	report, err := lint.Check(cmd.Context(), os.DirFS(dir), options)
	if err != nil {
		return err
	}
	if err := a.printReport(cmd.OutOrStdout(), report, f); err != nil {
		return err
	}
	if !report.OK(f.strict) {
		return errFindings
	}
	return nil
}

func (f checkFlags) options() (lint.Options, error) {
	options := lint.Options{Today: time.Now(), Only: f.only}
	if f.today != "" {
		day, err := time.Parse(time.DateOnly, f.today)
		if err != nil {
			return options, usage("--today: %q is not a day (2026-09-30)", f.today)
		}
		options.Today = day
	}
	lints, err := lint.List()
	if err != nil {
		return options, err
	}
	for _, id := range f.only {
		if !slices.ContainsFunc(lints, func(l lint.Lint) bool { return l.ID == id }) {
			return options, usage("--only: there is no lint %q; --list names them", id)
		}
	}
	return options, nil
}

// fixFormat rewrites the folder's Rego where its layout differs, and says which files.
func fixFormat(w io.Writer, dir string) error {
	changed, err := lint.Formatted(os.DirFS(dir))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("formatting: %w", err)
		}
		if err := os.WriteFile(path, changed[name], info.Mode().Perm()); err != nil {
			return fmt.Errorf("formatting: %w", err)
		}
		if _, err := fmt.Fprintf(w, "formatted %s\n", path); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printReport(w io.Writer, report lint.Report, f checkFlags) error {
	switch {
	case f.sarif:
		return report.WriteSARIF(w)
	case a.json:
		return report.WriteJSON(w)
	default:
		return report.WriteText(w)
	}
}

func (a *app) listLints(w io.Writer) error {
	lints, err := lint.List()
	if err != nil {
		return err
	}
	if a.json {
		return lint.WriteListJSON(w, lints)
	}
	return lint.WriteList(w, lints)
}
