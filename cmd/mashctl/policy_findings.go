package main

import (
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

func (a *app) policyFindings() *cobra.Command {
	req := &policyv1.ListRecheckFindingsRequest{}
	cmd := &cobra.Command{
		Use: "findings", Short: "What somebody has already seen and would not be shown now, newest first",
		Long: "When a policy comes into force or is tightened, a consent is withdrawn, an override or a break-glass ends, or an episode closes,\n" +
			"everything that is open is decided again, and what was already seen is listed here with who saw it.", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
				req.Parent = "hubs/" + p.Hub
				list, err := policyv1.NewPolicyServiceClient(conn).ListRecheckFindings(cmd.Context(), req)
				if err != nil {
					return err
				}
				return a.print(cmd.OutOrStdout(), list, func(w io.Writer) error {
					if err := show.Findings(w, list); err != nil || len(list.GetFindings()) == 0 {
						return err
					}
					return more(w, len(list.GetFindings()), list.GetNextPageToken())
				})
			})
		},
	}
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}
