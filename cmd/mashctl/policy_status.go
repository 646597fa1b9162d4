package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// statusPage is how far back the status looks: further than anything that can still come into force.
const statusPage = 200

func (a *app) policyStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "What is in force, what is to come, what is held back, and who serves it",
		Long: "Prints the revision in force with its last review, activations that are scheduled or wait for a second person, emergency\n" +
			"tightenings, and for each replica and each peer what it serves and the last bundle it refused.", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				status, err := readStatus(cmd.Context(), c, "hubs/"+p.Hub)
				if err != nil {
					return err
				}
				if a.json {
					return statusJSON(cmd.OutOrStdout(), status)
				}
				return status.Write(cmd.OutOrStdout())
			})
		},
	}
}

func readStatus(ctx context.Context, c policyv1.PolicyServiceClient, hub string) (show.Status, error) {
	active, activeErr := c.GetRevision(ctx, &policyv1.GetRevisionRequest{Name: hub + "/policyRevisions/active"})
	activations, activationsErr := c.ListActivations(ctx, &policyv1.ListActivationsRequest{Parent: hub, PageSize: statusPage})
	tightenings, tighteningsErr := c.ListTightenings(ctx, &policyv1.ListTighteningsRequest{Parent: hub, PageSize: statusPage})
	replicas, replicasErr := c.ListReplicas(ctx, &policyv1.ListReplicasRequest{Parent: hub})
	for _, err := range []error{activeErr, activationsErr, tighteningsErr, replicasErr} {
		if err != nil {
			return show.Status{}, err
		}
	}
	return show.Status{
		Active: active, Activations: activations.GetActivations(), Tightenings: tightenings.GetTightenings(), Replicas: replicas.GetReplicas(),
	}, nil
}

// statusJSON writes the messages as the API has them, under one roof.
func statusJSON(w io.Writer, s show.Status) error {
	active, err := protojson.Marshal(s.Active)
	activations, activationsErr := each(s.Activations)
	tightenings, tighteningsErr := each(s.Tightenings)
	replicas, replicasErr := each(s.Replicas)
	if err := errors.Join(err, activationsErr, tighteningsErr, replicasErr); err != nil {
		return err
	}
	return printJSON(w, map[string]any{
		"active": json.RawMessage(active), "activations": activations, "tightenings": tightenings, "replicas": replicas,
	})
}

func each[M proto.Message](messages []M) ([]json.RawMessage, error) {
	all := make([]json.RawMessage, 0, len(messages))
	for _, m := range messages {
		text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(m)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}
