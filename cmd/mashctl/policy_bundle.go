package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// holds is what a bundle holds, as it is printed.
type holds struct {
	Name         string   `json:"name"`
	Version      string   `json:"version"`
	Kind         string   `json:"kind"`
	Hub          string   `json:"hub"`
	Organisation string   `json:"organisation,omitempty"`
	ReviewDate   string   `json:"review_date"`
	Revision     string   `json:"revision"`
	KeyID        string   `json:"key_id"`
	Digest       string   `json:"digest"`
	Files        []string `json:"files"`
}

func holdsOf(o *bundle.Opened) holds {
	m := o.Pack.Manifest()
	return holds{
		Name: m.Name, Version: m.Version, Kind: m.Kind, Hub: m.Hub, Organisation: m.Organisation, ReviewDate: m.ReviewDate,
		Revision: o.Revision, KeyID: o.KeyID, Digest: o.Digest, Files: o.Files,
	}
}

// report prints what a bundle holds, after a sentence on what was done with it.
func (a *app) report(w io.Writer, done string, o *bundle.Opened) error {
	h := holdsOf(o)
	if a.json {
		return printJSON(w, h)
	}
	key := h.KeyID
	if key == "" {
		key = "nobody: it is not signed"
	}
	fmt.Fprintln(w, done)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range [][2]string{
		{"pack", h.Name + " " + h.Version + " (" + h.Kind + ")"}, {"hub", h.Hub}, {"organisation", h.Organisation},
		{"last reviewed", h.ReviewDate}, {"revision", h.Revision}, {"signed by", key}, {"digest", h.Digest},
		{"files", strings.Join(h.Files, " ")},
	} {
		if row[1] != "" {
			fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
		}
	}
	return table.Flush()
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) policyBuild() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "build PATH", Short: "Make an unsigned bundle of a pack's folder, in OPA's own format",
		Long: "An overlay is built together with the pack it lies over. The same folder gives the same bytes. A pack that does not\n" +
			"compile is not built.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			pack, err := policy.ReadPack(os.DirFS(given[0]))
			if err != nil {
				return err
			}
			if err := compiles(cmd, pack); err != nil {
				return err
			}
			built, err := bundle.Build(pack)
			if err != nil {
				return err
			}
			opened, err := bundle.OpenUnsigned(built)
			if err != nil {
				return err
			}
			if err := writeFile(out, built, 0o644); err != nil {
				return err
			}
			return a.report(cmd.OutOrStdout(), "Built "+out+"; it is not signed yet.", opened)
		},
	}
	outFlag(cmd, &out, "the bundle's `FILE`")
	return cmd
}

// compiles holds a pack to its kind.
func compiles(cmd *cobra.Command, pack *policy.Pack) error {
	var err error
	if pack.Manifest().Kind == policy.KindAgency {
		_, err = pack.CompileAgency(cmd.Context(), policy.CompileOptions{})
	} else {
		_, err = pack.Compile(cmd.Context(), policy.CompileOptions{})
	}
	return err
}

func (a *app) policyKeygen() *cobra.Command {
	var out, id string
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make a key that signs policy (ES256)",
		Long: "The private half goes into a file that only its owner can read; it belongs to whoever signs, and never on a gateway. The public\n" +
			"half goes beside it as KEYID.pem: that is what `policy verify --keys` and a gateway's configuration read. The key id is the\n" +
			"key's thumbprint unless --key-id names another.", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			pair, err := bundle.GenerateKey(id)
			if err != nil {
				return usageError{err}
			}
			public := filepath.Join(filepath.Dir(out), pair.KeyID+".pem")
			if public == filepath.Clean(out) {
				return usage("--out: %s is where the public half goes: name the private one otherwise", out)
			}
			if err := errors.Join(createFile(out, pair.Private, 0o600), createFile(public, pair.Public, 0o644)); err != nil {
				return err
			}
			if a.json {
				return printJSON(cmd.OutOrStdout(), map[string]string{"key_id": pair.KeyID, "private": out, "public": public})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "key id   %s\nprivate  %s (keep it where policy is signed, and nowhere else)\npublic   %s\n",
				pair.KeyID, out, public)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the private key's `FILE`, which must not be there yet")
	cmd.Flags().StringVar(&id, "key-id", "", "the key's `ID`; its thumbprint when left out")
	required(cmd, "out")
	return cmd
}

func (a *app) policySign() *cobra.Command {
	var key signingKey
	var scope, out string
	cmd := &cobra.Command{
		Use: "sign FILE", Short: "Sign a bundle for one hub (ES256), with a key file or a command in front of an HSM",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			signer, err := key.signer()
			if err != nil {
				return usageError{err}
			}
			unsigned, err := os.ReadFile(given[0])
			if err != nil {
				return usageError{err}
			}
			signed, err := bundle.Sign(cmd.Context(), unsigned, signer, scope)
			if err != nil {
				return err
			}
			opened, err := bundle.Open(signed, bundle.Keys{signer.KeyID(): signer.Public()}, scope)
			if err != nil {
				return err
			}
			if err := writeFile(out, signed, 0o644); err != nil {
				return err
			}
			return a.report(cmd.OutOrStdout(), "Signed "+out+" for the hub "+scope+".", opened)
		},
	}
	key.flags(cmd)
	cmd.Flags().StringVar(&scope, "scope", "", "the code of the `HUB` that it is signed for")
	outFlag(cmd, &out, "the signed bundle's `FILE`")
	required(cmd, "scope")
	return cmd
}

func (a *app) policyVerify() *cobra.Command {
	var keys, scope string
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Say who signed a bundle and what it holds, or why it is refused",
		Long: "FOLDER holds public keys as KEYID.pem. Exit code 5 when the bundle is refused.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			trusted, err := bundle.ReadKeyFolder(keys)
			if err != nil {
				return usageError{err}
			}
			signed, err := os.ReadFile(given[0])
			if err != nil {
				return usageError{err}
			}
			opened, err := bundle.Open(signed, trusted, scope)
			if err != nil {
				return err
			}
			if err := compiles(cmd, opened.Pack); err != nil {
				return bundle.Refuse(bundle.DoesNotCompile, err)
			}
			return a.report(cmd.OutOrStdout(), given[0]+" is sound, and signed for the hub "+scope+".", opened)
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "the `FOLDER` of the public keys that are trusted")
	cmd.Flags().StringVar(&scope, "scope", "", "the code of the `HUB` that it must be signed for")
	required(cmd, "keys", "scope")
	return cmd
}

func outFlag(cmd *cobra.Command, out *string, words string) {
	cmd.Flags().StringVarP(out, "out", "o", "", words)
	required(cmd, "out")
}

// required marks flags that a command cannot do without: leaving one out is a wrong use.
func required(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // a flag that the line above did not define
		}
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
			return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
		}
		return nil
	}
}

// writeFile writes a file whole or not at all.
func writeFile(name string, content []byte, mode os.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return usageError{err}
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(mode), file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// createFile writes a file that is not there yet: a key that is lost with its file cannot be had back.
func createFile(name string, content []byte, mode os.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return usageError{err}
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}
