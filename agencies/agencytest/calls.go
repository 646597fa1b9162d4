package agencytest

import (
	"context"
	"errors"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Body is a Locate body about one subject, as a gateway tells it: a postcode of nobody but an unborn child.
func Body(subject string, who person.Identity) *agencyv1.LocateBody {
	identity := &agencyv1.Identity{
		GivenName: who.GivenName, FamilyName: who.FamilyName, OtherNames: who.OtherNames, DateOfBirth: who.DateOfBirth, Sex: who.Sex,
		NhsNumber: who.NHSNumber, Upn: who.UPN,
	}
	for _, address := range who.Addresses {
		if who.DateOfBirth != person.Unborn {
			break
		}
		identity.Postcodes = append(identity.Postcodes, address.Postcode)
	}
	return &agencyv1.LocateBody{
		Purpose: "safeguarding_children", Basis: "s47",
		Subjects: []*agencyv1.Subject{{Id: subject, Role: "index_child", Identity: identity}},
	}
}

// Locate asks an agency for people under a warrant for exactly the body.
func (g *Gateway) Locate(
	ctx context.Context, client agencyv1.AgencyServiceClient, c warrant.Claims, body *agencyv1.LocateBody,
) (*agencyv1.LocateResponse, error) {
	raw, err := proto.Marshal(body)
	if err != nil {
		return nil, err
	}
	c.BodyDigest = warrant.Digest(raw)
	token, err := g.Minter.Mint(c)
	if err != nil {
		return nil, err
	}
	return client.Locate(ctx, &agencyv1.LocateRequest{Warrant: token, Body: raw})
}

// Collected is everything that a Collect sent.
type Collected struct {
	Chunks      []*agencyv1.Chunk
	Completions []*agencyv1.Completion
}

// Records are the records of all chunks in order.
func (c Collected) Records() []*agencyv1.Record {
	var records []*agencyv1.Record
	for _, chunk := range c.Chunks {
		records = append(records, chunk.GetRecords()...)
	}
	return records
}

// Collect collects under a warrant, to the end of the stream, and tells nothing more.
func (g *Gateway) Collect(ctx context.Context, client agencyv1.AgencyServiceClient, c warrant.Claims) (Collected, error) {
	token, err := g.Minter.Mint(c)
	if err != nil {
		return Collected{}, err
	}
	return Drain(ctx, client, &agencyv1.CollectRequest{Warrant: token})
}

// CollectTold collects as Collect does, and tells the narrative of concern.
func (g *Gateway) CollectTold(ctx context.Context, client agencyv1.AgencyServiceClient, c warrant.Claims, narrative string) (Collected, error) {
	body, err := proto.Marshal(&agencyv1.CollectBody{Narrative: narrative})
	if err != nil {
		return Collected{}, err
	}
	c.BodyDigest = warrant.Digest(body)
	token, err := g.Minter.Mint(c)
	if err != nil {
		return Collected{}, err
	}
	return Drain(ctx, client, &agencyv1.CollectRequest{Warrant: token, Body: body})
}

// Drain collects with a request, whatever it is.
func Drain(ctx context.Context, client agencyv1.AgencyServiceClient, request *agencyv1.CollectRequest) (all Collected, err error) {
	stream, err := client.Collect(ctx, request)
	if err != nil {
		return all, err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if chunk := part.GetChunk(); chunk != nil {
			all.Chunks = append(all.Chunks, chunk)
		} else {
			all.Completions = append(all.Completions, part.GetCompletion())
		}
	}
}
