package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/policy/bundle"
)

func (a *app) policyPublish() *cobra.Command {
	var key signingKey
	var file, keys, scope, at string
	var number int64
	cmd := &cobra.Command{
		Use: "publish FOLDER", Short: "Put a signed bundle and the statement that it is in force into a folder that gateways follow",
		Long: "Writes bundle.tar.gz and statement.jws, each whole or not at all, for a folder or any HTTPS server of files. The statement is\n" +
			"signed with the publisher's key (gateways list it under policy.publishers); the number must go up. The bundle is verified first,\n" +
			"with the keys in --keys, or with the publisher's own where one key does both.", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			signer, err := key.signer()
			if err != nil {
				return usageError{err}
			}
			p := publication{folder: given[0], hub: scope, keys: bundle.Keys{signer.KeyID(): signer.Public()}, signer: signer, number: number, now: time.Now()}
			if keys != "" {
				if p.keys, err = bundle.ReadKeyFolder(keys); err != nil {
					return usageError{err}
				}
			}
			if p.from, err = momentOr(at, p.now); err != nil {
				return err
			}
			if p.signed, err = os.ReadFile(file); err != nil {
				return usageError{err}
			}
			opened, err := p.put(cmd)
			if err != nil {
				return err
			}
			return a.report(cmd.OutOrStdout(), fmt.Sprintf("Published number %d in %s, in force from %s.", number, given[0], p.from.Format(time.RFC3339)), opened)
		},
	}
	key.flags(cmd)
	cmd.Flags().StringVar(&file, "bundle", "", "the signed bundle's `FILE`")
	cmd.Flags().StringVar(&keys, "keys", "", "the `FOLDER` of the public keys that sign bundles; the publisher's own when left out")
	cmd.Flags().Int64Var(&number, "number", 0, "the `NUMBER` of this activation, higher than the last one's")
	cmd.Flags().StringVar(&at, "at", "", "the `TIME` from which it is in force (RFC 3339); now when left out")
	cmd.Flags().StringVar(&scope, "scope", "", "the code of the `HUB` that it is for")
	required(cmd, "bundle", "number", "scope")
	return cmd
}

// publication is one number about to be published in a folder.
type publication struct {
	folder    string
	hub       string
	keys      bundle.Keys
	signer    bundle.Signer
	signed    []byte
	number    int64
	now, from time.Time
}

func (p publication) put(cmd *cobra.Command) (*bundle.Opened, error) {
	opened, err := bundle.Open(p.signed, p.keys, p.hub)
	if err != nil {
		return nil, err
	}
	if err := compiles(cmd, opened.Pack); err != nil {
		return nil, bundle.Refuse(bundle.DoesNotCompile, err)
	}
	if err := p.goesUp(); err != nil {
		return nil, err
	}
	statement, err := bundle.Statement{
		Hub: p.hub, Number: p.number, Revision: opened.Revision, Digest: opened.Digest, ActivateTime: p.from, IssuedAt: p.now,
	}.Sign(cmd.Context(), p.signer)
	if err != nil {
		return nil, usageError{err}
	}
	return opened, bundle.Publish(p.folder, bundle.Published{Statement: statement, Bundle: p.signed})
}

// goesUp refuses a number that no follower would take. What lies in the folder under another key is not this publisher's.
func (p publication) goesUp() error {
	before, err := os.ReadFile(filepath.Join(p.folder, bundle.StatementName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	last, err := bundle.OpenStatement(before, bundle.Keys{p.signer.KeyID(): p.signer.Public()}, p.hub)
	if err != nil {
		return fmt.Errorf("the statement in %s: %w", p.folder, err)
	}
	if p.number <= last.Number {
		return bundle.Refuse(bundle.OlderThanActive, fmt.Errorf("number %d is published, and %d does not come after it", last.Number, p.number))
	}
	return nil
}

func momentOr(given string, otherwise time.Time) (time.Time, error) {
	if given == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return time.Time{}, usage("--at: %q is not an RFC 3339 time", given)
	}
	return at, nil
}

// signingKey is where the key that signs is: in a file, or behind a command.
type signingKey struct{ file, command, public, id string }

func (k *signingKey) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.file, "key", "", "the private key's `FILE`")
	cmd.Flags().StringVar(&k.command, "signer-command", "", "a `COMMAND` that signs: it gets the SHA-256 digest on standard input, or in hexadecimal\n"+
		"for {digest}, and writes the signature (ASN.1 DER); split at spaces, without a shell; needs --public")
	cmd.Flags().StringVar(&k.public, "public", "", "the public key's `FILE`, with --signer-command: KEYID.pem")
	cmd.Flags().StringVar(&k.id, "key-id", "", "the key's `ID`; its thumbprint, or with --public the file's name, when left out")
	cmd.MarkFlagsOneRequired("key", "signer-command")
	cmd.MarkFlagsMutuallyExclusive("key", "signer-command")
	cmd.MarkFlagsRequiredTogether("signer-command", "public")
}

func (k *signingKey) signer() (bundle.Signer, error) {
	if k.file != "" {
		return bundle.FileSigner(k.file, k.id)
	}
	id := k.id
	if id == "" {
		id = strings.TrimSuffix(filepath.Base(k.public), ".pem")
	}
	keys, err := bundle.ReadKeys(map[string]string{id: k.public})
	if err != nil {
		return nil, err
	}
	return bundle.CommandSigner(strings.Fields(k.command), id, keys[id])
}
