package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

func (a *app) request() *cobra.Command {
	req := &mashgatev1.RequestInformationRequest{}
	var needs []string
	var watch bool
	cmd := &cobra.Command{
		Use: "request EPISODE", Short: "Ask every organisation that policy allows",
		Long: "Without --category the hub's table for the episode's concerns is taken. A category beyond it needs a reason:\n" +
			"--category prb.risk=\"the father is on licence\".", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, n := range needs {
				code, reason, _ := strings.Cut(n, "=")
				req.Categories = append(req.Categories, &mashgatev1.CategoryNeed{Category: code, Reason: reason})
			}
			return a.connect(func(conn *grpc.ClientConn, p dial.Profile) error {
				req.Parent = full(p.Hub, "episodes", given[0])
				return a.ask(cmd.Context(), cmd.OutOrStdout(), conn, req, watch)
			})
		},
	}
	cmd.Flags().StringArrayVar(&needs, "category", nil, "a category needed, `CODE[=REASON]`; may be given again")
	cmd.Flags().StringVar(&req.RequestId, "request-id", "", "your own id for this request: sent again, it names the same request")
	cmd.Flags().BoolVar(&watch, "watch", false, "show each answer as it comes, then the picture")
	return cmd
}

func (a *app) ask(ctx context.Context, w io.Writer, conn *grpc.ClientConn, req *mashgatev1.RequestInformationRequest, watch bool) error {
	client := mashgatev1.NewInformationServiceClient(conn)
	got, err := client.RequestInformation(ctx, req)
	if err != nil {
		return err
	}
	if got.GetState() == mashgatev1.InformationRequest_STATE_NOT_ASKED {
		if err := a.print(w, got, func(w io.Writer) error { return show.Request(w, got) }); err != nil {
			return err
		}
		return errNotAsked
	}
	if !watch {
		return a.print(w, got, func(w io.Writer) error { return show.Request(w, got) })
	}
	names, err := subjectNames(ctx, conn, req.GetParent())
	if err != nil {
		return err
	}
	if err := a.watch(ctx, w, client, got.GetName(), names); err != nil {
		return err
	}
	if a.json {
		return nil
	}
	return a.showPicture(ctx, w, conn, &mashgatev1.GetPictureRequest{Name: got.GetName() + "/picture"})
}

// watch prints a line for each answer, or each event as one line of JSON.
func (a *app) watch(ctx context.Context, w io.Writer, client mashgatev1.InformationServiceClient, name string, names show.Names) error {
	stream, err := client.WatchInformationRequest(ctx, &mashgatev1.WatchInformationRequestRequest{Name: name})
	if err != nil {
		return err
	}
	watcher := show.NewWatcher(w, names)
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if a.json {
			if err := show.JSON(w, event); err != nil {
				return err
			}
		} else if answer := event.GetAnswer(); answer != nil {
			if err := watcher.Take(answer); err != nil {
				return err
			}
		}
	}
}

func (a *app) picture() *cobra.Command {
	req := &mashgatev1.GetPictureRequest{}
	cmd := &cobra.Command{
		Use: "picture REQUEST", Short: "Read what may be seen of a request (each reading is on the ledger)",
		Long: "REQUEST is the name of an information request: hubs/…/episodes/…/informationRequests/….", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			req.Name = strings.TrimSuffix(given[0], "/picture") + "/picture"
			return a.connect(func(conn *grpc.ClientConn, _ dial.Profile) error {
				return a.showPicture(cmd.Context(), cmd.OutOrStdout(), conn, req)
			})
		},
	}
	paging(cmd, &req.PageSize, &req.PageToken)
	return cmd
}

func (a *app) showPicture(ctx context.Context, w io.Writer, conn *grpc.ClientConn, req *mashgatev1.GetPictureRequest) error {
	pic, err := mashgatev1.NewInformationServiceClient(conn).GetPicture(ctx, req)
	if err != nil {
		return err
	}
	if a.json {
		return show.JSON(w, pic)
	}
	episode, _, _ := strings.Cut(req.GetName(), "/informationRequests/")
	names, err := subjectNames(ctx, conn, episode)
	if err != nil {
		return err
	}
	return show.Picture(w, pic, names)
}

func subjectNames(ctx context.Context, conn *grpc.ClientConn, episode string) (show.Names, error) {
	e, err := mashgatev1.NewEpisodeServiceClient(conn).GetEpisode(ctx, &mashgatev1.GetEpisodeRequest{Name: episode})
	if err != nil {
		return nil, err
	}
	return show.SubjectNames(e), nil
}
