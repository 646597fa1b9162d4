package main

import (
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
)

func (a *app) ledger() *cobra.Command {
	return group("ledger", "Read what was asked, decided and disclosed", a.ledgerList(), a.ledgerDisclosures())
}

func (a *app) ledgerList() *cobra.Command {
	req := &ledgerv1.ListEntriesRequest{}
	cmd := &cobra.Command{
		Use: "list", Short: "List entries in the order of the ledger", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				if req.Episode != "" {
					req.Episode = full(p.Hub, "episodes", req.GetEpisode())
				}
				list, err := ledgerv1.NewLedgerServiceClient(conn).ListEntries(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) error {
					if err := show.Entries(w, list.GetEntries()); err != nil {
						return err
					}
					return more(w, len(list.GetEntries()), list.GetNextPageToken())
				})
			})
		},
	}
	cmd.Flags().StringVar(&req.Episode, "episode", "", "only entries of this episode")
	cmd.Flags().StringVar(&req.Kind, "kind", "", "only entries of this kind")
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}

func (a *app) ledgerDisclosures() *cobra.Command {
	req := &ledgerv1.ListDisclosuresRequest{}
	cmd := &cobra.Command{
		Use: "disclosures EPISODE SUBJECT", Short: "Who saw what about a person (subject access)", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
				req.Parent, req.Subject = full(p.Hub, "episodes", given[0]), given[1]
				list, err := ledgerv1.NewLedgerServiceClient(conn).ListDisclosures(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) error {
					if err := show.Entries(w, list.GetDisclosures()); err != nil {
						return err
					}
					return more(w, len(list.GetDisclosures()), list.GetNextPageToken())
				})
			})
		},
	}
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}
