package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	"github.com/mashgate/mashgate/internal/city"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// showcaseFamily is the hand-made family that the demo shows.
const showcaseFamily = "00-showcase"

// Told is what came of one family's case.
type Told struct {
	Referral *mashgatev1.Referral
	Episode  *mashgatev1.Episode
	Request  *mashgatev1.InformationRequest
	// Picture is nil where policy stopped the request.
	Picture *mashgatev1.Picture
}

// Showcase runs the showcase family's case, telling the story as it goes.
func Showcase(ctx context.Context, h *Hub, talk io.Writer) (Told, error) {
	families, err := city.LoadFamilies()
	if err != nil {
		return Told{}, err
	}
	for _, f := range families {
		if f.Name == showcaseFamily {
			return Tell(ctx, h, f, Cast{Referrer: "rita", Triage: "tom", Worker: "sara", Requester: "sara"}, talk)
		}
	}
	return Told{}, fmt.Errorf("there is no family %s", showcaseFamily)
}

// Cast names the people who play a case.
type Cast struct {
	Referrer, Triage string
	// Worker opens the episode and records what was decided; Requester asks.
	Worker, Requester string
	// Dial connects one of them; nil takes gRPC with the profile that the hub wrote for them.
	Dial func(person string) (Line, error)
}

// Line is one person's connection to the hub.
type Line interface {
	grpc.ClientConnInterface
	io.Closer
}

// Tell plays one family's case: referral, triage, episode, request, picture.
func Tell(ctx context.Context, h *Hub, f city.Family, cast Cast, talk io.Writer) (told Told, err error) {
	c := &cases{hub: h, family: f, cast: cast, talk: talk, lines: map[string]Line{}}
	if cast.Dial == nil {
		c.cast.Dial = func(person string) (Line, error) { return dial.Open(h.Profile(person)) }
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, step := range []func(context.Context, *Told) error{c.refer, c.triage, c.open, c.record, c.ask, c.watch, c.look} {
		if err := step(ctx, &told); err != nil {
			return told, fmt.Errorf("%s: %w", f.Name, err)
		}
		if told.Request.GetState() == mashgatev1.InformationRequest_STATE_NOT_ASKED {
			return told, nil
		}
	}
	return told, nil
}

// cases is one case being played.
type cases struct {
	hub    *Hub
	family city.Family
	cast   Cast
	talk   io.Writer
	lines  map[string]Line
}

func (c *cases) as(person string) (Line, error) {
	if line, ok := c.lines[person]; ok {
		return line, nil
	}
	line, err := c.cast.Dial(person)
	if err != nil {
		return nil, err
	}
	c.lines[person] = line
	return line, nil
}

func (c *cases) episodes(person string) (mashgatev1.EpisodeServiceClient, error) {
	line, err := c.as(person)
	return mashgatev1.NewEpisodeServiceClient(line), err
}

func (c *cases) information(person string) (mashgatev1.InformationServiceClient, error) {
	line, err := c.as(person)
	return mashgatev1.NewInformationServiceClient(line), err
}

func (c *cases) close() error {
	var errs []error
	for _, line := range c.lines {
		errs = append(errs, line.Close())
	}
	return errors.Join(errs...)
}

func (c *cases) say(format string, args ...any) { fmt.Fprintf(c.talk, format+"\n", args...) }

func (c *cases) refer(ctx context.Context, told *Told) error {
	client, err := c.episodes(c.cast.Referrer)
	if err != nil {
		return err
	}
	told.Referral, err = client.SubmitReferral(ctx, &mashgatev1.SubmitReferralRequest{Parent: "hubs/" + HubID, Referral: referral(c.family)})
	if err != nil {
		return fmt.Errorf("submitting the referral: %w", err)
	}
	c.say("\n%s", c.family.Title)
	c.say("  %s refers; reference number %s", c.family.Referral.Referrer.Organisation, told.Referral.GetReferenceNumber())
	return nil
}

func (c *cases) triage(ctx context.Context, told *Told) error {
	if c.family.Triage.Outcome == "" {
		return nil
	}
	client, err := c.episodes(c.cast.Triage)
	if err != nil {
		return err
	}
	told.Referral, err = client.TriageReferral(ctx, &mashgatev1.TriageReferralRequest{
		Name: told.Referral.GetName(), Outcome: c.family.Triage.Outcome, Exclusions: c.family.Triage.Exclusions, Reason: c.family.Triage.Reason,
	})
	if err != nil {
		return fmt.Errorf("triage: %w", err)
	}
	c.say("  triage decides: %s", show.Words(c.family.Triage.Outcome, ""))
	return nil
}

func (c *cases) open(ctx context.Context, told *Told) error {
	client, err := c.episodes(c.cast.Worker)
	if err != nil {
		return err
	}
	e := c.family.Episode
	told.Episode, err = client.OpenEpisode(ctx, &mashgatev1.OpenEpisodeRequest{
		Parent: "hubs/" + HubID, Referral: told.Referral.GetName(), Rating: e.Rating, RatingReason: e.RatingReason,
		LevelOfNeed: int32(e.LevelOfNeed), //nolint:gosec // 0 to 4, as the loader of families checks
		Basis:       e.Basis, Facts: facts(e.Facts), Assignees: c.assignees(),
	})
	if err != nil {
		return fmt.Errorf("opening the episode: %w", err)
	}
	c.say("  episode opened: rating %s, basis %s", e.Rating, e.Basis)
	return nil
}

func (c *cases) assignees() []string {
	names := []string{"hubs/" + HubID + "/people/" + c.cast.Worker}
	if c.cast.Requester != c.cast.Worker {
		names = append(names, "hubs/"+HubID+"/people/"+c.cast.Requester)
	}
	return names
}

func (c *cases) ask(ctx context.Context, told *Told) error {
	client, err := c.information(c.cast.Requester)
	if err != nil {
		return err
	}
	req := &mashgatev1.RequestInformationRequest{Parent: told.Episode.GetName()}
	for _, category := range c.family.Categories {
		req.Categories = append(req.Categories, &mashgatev1.CategoryNeed{Category: category.Code, Reason: category.Reason})
	}
	told.Request, err = client.RequestInformation(ctx, req)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	c.say("  one request goes out to every organisation that policy allows:\n")
	return nil
}

func (c *cases) watch(ctx context.Context, told *Told) error {
	client, err := c.information(c.cast.Requester)
	if err != nil {
		return err
	}
	stream, err := client.WatchInformationRequest(ctx, &mashgatev1.WatchInformationRequestRequest{Name: told.Request.GetName()})
	if err != nil {
		return fmt.Errorf("watching: %w", err)
	}
	watcher := show.NewWatcher(c.talk, show.SubjectNames(told.Episode))
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watching: %w", err)
		}
		if answer := event.GetAnswer(); answer != nil {
			if err := watcher.Take(answer); err != nil {
				return err
			}
		}
		if ended := event.GetEnded(); ended != nil {
			told.Request = ended
		}
	}
}

func (c *cases) look(ctx context.Context, told *Told) error {
	client, err := c.information(c.cast.Requester)
	if err != nil {
		return err
	}
	told.Picture, err = client.GetPicture(ctx, &mashgatev1.GetPictureRequest{Name: told.Request.GetName() + "/picture", PageSize: 1000})
	if err != nil {
		return fmt.Errorf("reading the picture: %w", err)
	}
	c.say("")
	return nil
}
