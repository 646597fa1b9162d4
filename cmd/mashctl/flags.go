package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

const factHelp = "a recorded finding: imminent_danger, has_social_worker, information_only, uasc, out_of_area, family_declined, s47_cause, child_in_need"

// setFacts sets each named finding to true.
func setFacts(into *mashgatev1.EpisodeFacts, names []string) error {
	m := into.ProtoReflect()
	for _, name := range names {
		f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if f == nil {
			return usage("--fact: there is no finding %q", name)
		}
		m.Set(f, protoreflect.ValueOfBool(true))
	}
	return nil
}

// enumValue turns a code ("not_sought") into the number of an enum value.
func enumValue(values map[string]int32, prefix, flag, code string) (int32, error) {
	if n, ok := values[prefix+strings.ToUpper(code)]; ok && n != 0 {
		return n, nil
	}
	var codes []string
	for name, n := range values {
		if n != 0 {
			codes = append(codes, strings.ToLower(strings.TrimPrefix(name, prefix)))
		}
	}
	slices.Sort(codes)
	return 0, usage("--%s: %q is none of %s", flag, code, strings.Join(codes, ", "))
}

func paging(cmd *cobra.Command, size *int32, token *string) {
	cmd.Flags().Int32Var(size, "page-size", 50, "lines a page")
	cmd.Flags().StringVar(token, "page-token", "", "the next page, as the last one named it")
}

// more ends a list: says when it is empty, and how to see the next page.
func more(w io.Writer, n int, token string) error {
	var err error
	switch {
	case token != "":
		_, err = fmt.Fprintf(w, "more: --page-token %s\n", token)
	case n == 0:
		_, err = fmt.Fprintln(w, "none")
	}
	return err
}
