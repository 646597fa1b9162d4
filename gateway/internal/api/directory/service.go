// Package directory serves DirectoryService: which hubs, people, organisations, categories and indicators there are. It reads the
// policy in force and the directory, and hands on nothing that the directory keeps sealed.
package directory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Lines tells whether an organisation can be reached now. It answers within a second or two.
type Lines interface {
	Connected(hub, organisation string) bool
	Serving(ctx context.Context, hub, organisation string) bool
}

// Config is what a Service needs; all of it is required.
type Config struct {
	Directory *directory.Directory
	Policy    *policy.Point
	Lines     Lines
}

// Service implements DirectoryService.
type Service struct {
	mashgatev1.UnimplementedDirectoryServiceServer
	Config
}

// New checks the configuration.
func New(config Config) (*Service, error) {
	if config.Directory == nil || config.Policy == nil || config.Lines == nil {
		return nil, errors.New("api/directory: something that is required is missing")
	}
	return &Service{Config: config}, nil
}

const usualPage = 100

func (s *Service) revision(name string) (hub string, revision *policy.Revision, err error) {
	hub = wire.ParseName(name).Hub()
	if revision, err = s.Policy.Active(hub); err != nil {
		return hub, nil, fault.NotFound("hub")
	}
	return hub, revision, nil
}

// GetHub implements DirectoryService.
func (s *Service) GetHub(_ context.Context, req *mashgatev1.GetHubRequest) (*mashgatev1.Hub, error) {
	hub, revision, err := s.revision(req.GetName())
	if err != nil {
		return nil, err
	}
	words := revision.Vocabulary().Hub
	answer := &mashgatev1.Hub{
		Name: wire.HubName(hub), Title: words.Title, Revision: revision.ID(),
		EmergencyDutyTeam: desk(words.OutOfHours),
	}
	for _, code := range slices.Sorted(maps.Keys(words.Ratings)) {
		rating := &mashgatev1.Rating{Code: code, Title: words.Ratings[code].Title}
		switch clock := words.Ratings[code].Clock; {
		case clock.Hours != nil:
			rating.DecisionHours = int32(*clock.Hours) //nolint:gosec // hours of a decision clock
		case clock.WorkingHours != nil:
			rating.DecisionHours, rating.WorkingHours = int32(*clock.WorkingHours), true //nolint:gosec // as above
		}
		answer.Ratings = append(answer.Ratings, rating)
	}
	return answer, nil
}

func desk(d policy.Desk) string { return strings.Trim(d.Title+", "+d.Phone, ", ") }

// ListOrganisations implements DirectoryService. Whether each can be reached now is told of one at a time: asking all of them for a
// list would make the list as slow as the slowest.
func (s *Service) ListOrganisations(_ context.Context, req *mashgatev1.ListOrganisationsRequest) (*mashgatev1.ListOrganisationsResponse, error) {
	hub, revision, err := s.revision(req.GetParent())
	if err != nil {
		return nil, err
	}
	all := slices.Clone(revision.Vocabulary().Organisations)
	slices.SortFunc(all, func(a, b policy.OrganisationEntry) int { return strings.Compare(a.ID, b.ID) })
	answer, size := &mashgatev1.ListOrganisationsResponse{}, wire.PageSize(req.GetPageSize(), usualPage)
	for _, each := range all {
		if each.ID <= req.GetPageToken() {
			continue
		}
		if len(answer.GetOrganisations()) == size {
			answer.NextPageToken = wire.ParseName(answer.GetOrganisations()[size-1].GetName()).Organisation()
			break
		}
		answer.Organisations = append(answer.Organisations, s.organisation(hub, each))
	}
	return answer, nil
}

// GetOrganisation implements DirectoryService.
func (s *Service) GetOrganisation(ctx context.Context, req *mashgatev1.GetOrganisationRequest) (*mashgatev1.Organisation, error) {
	hub, revision, err := s.revision(req.GetName())
	if err != nil {
		return nil, err
	}
	id := wire.ParseName(req.GetName()).Organisation()
	all := revision.Vocabulary().Organisations
	at := slices.IndexFunc(all, func(o policy.OrganisationEntry) bool { return o.ID == id })
	if at < 0 {
		return nil, fault.NotFound("organisation")
	}
	answer := s.organisation(hub, all[at])
	switch {
	case !answer.GetConnected():
		answer.Health = mashgatev1.Organisation_HEALTH_NOT_CONNECTED
	case s.Lines.Serving(ctx, hub, id):
		answer.Health = mashgatev1.Organisation_HEALTH_SERVING
	default:
		answer.Health = mashgatev1.Organisation_HEALTH_NOT_SERVING
	}
	return answer, nil
}

func (s *Service) organisation(hub string, o policy.OrganisationEntry) *mashgatev1.Organisation {
	answer := &mashgatev1.Organisation{
		Name: wire.OrganisationName(hub, o.ID), Title: o.Title, Holders: o.Holders, Categories: o.Categories, BoundByDuty: o.BoundByDuty,
		Connected: o.Connected && s.Lines.Connected(hub, o.ID), SafeguardingDesk: desk(o.SafeguardingDesk),
	}
	if !answer.GetConnected() {
		answer.Health = mashgatev1.Organisation_HEALTH_NOT_CONNECTED
	}
	return answer
}

// ListPeople implements DirectoryService.
func (s *Service) ListPeople(ctx context.Context, req *mashgatev1.ListPeopleRequest) (*mashgatev1.ListPeopleResponse, error) {
	page, next, err := s.Directory.List(ctx, directory.Query{
		Hub: wire.ParseName(req.GetParent()).Hub(), Cursor: req.GetPageToken(), Limit: wire.PageSize(req.GetPageSize(), usualPage),
	})
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListPeopleResponse{NextPageToken: next}
	for _, each := range page {
		answer.People = append(answer.People, person(each))
	}
	return answer, nil
}

// GetPerson implements DirectoryService.
func (s *Service) GetPerson(ctx context.Context, req *mashgatev1.GetPersonRequest) (*mashgatev1.Person, error) {
	name := wire.ParseName(req.GetName())
	found, err := s.Directory.Person(ctx, name.Hub(), name.Person())
	if err != nil {
		return nil, err
	}
	return person(found), nil
}

func person(p directory.Person) *mashgatev1.Person {
	return &mashgatev1.Person{Name: p.Name(), DisplayName: p.DisplayName, Role: p.Role, Agency: p.Agency, Active: p.Active}
}

// ListCategories implements DirectoryService.
func (s *Service) ListCategories(_ context.Context, req *mashgatev1.ListCategoriesRequest) (*mashgatev1.ListCategoriesResponse, error) {
	_, revision, err := s.revision(req.GetParent())
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListCategoriesResponse{}
	catalogue := revision.Catalogue()
	for _, code := range catalogue.Codes() {
		spec := catalogue.Categories[code]
		category := &mashgatev1.Category{Code: code, Title: spec.Title, Holder: spec.Holder}
		for _, field := range spec.Fields {
			category.Fields = append(category.Fields, &mashgatev1.CategoryField{Name: field.Name, Title: field.Title, Class: field.Class})
		}
		answer.Categories = append(answer.Categories, category)
	}
	return answer, nil
}

// ListIndicators implements DirectoryService.
func (s *Service) ListIndicators(_ context.Context, req *mashgatev1.ListIndicatorsRequest) (*mashgatev1.ListIndicatorsResponse, error) {
	_, revision, err := s.revision(req.GetParent())
	if err != nil {
		return nil, err
	}
	answer := &mashgatev1.ListIndicatorsResponse{}
	indicators := revision.Vocabulary().Indicators
	for _, code := range slices.Sorted(maps.Keys(indicators)) {
		indicator := indicators[code]
		if level := int(req.GetLevel()); level != 0 && indicator.Level != level {
			continue
		}
		answer.Indicators = append(answer.Indicators, &mashgatev1.Indicator{
			Code: code, Text: indicator.Title, Level: int32(indicator.Level), Domain: indicator.Domain, Source: indicator.Source, //nolint:gosec // 1 to 4
		})
	}
	return answer, nil
}

// WhoAmI implements DirectoryService.
func (s *Service) WhoAmI(ctx context.Context, _ *mashgatev1.WhoAmIRequest) (*mashgatev1.WhoAmIResponse, error) {
	principal := authn.FromContext(ctx)
	answer := &mashgatev1.WhoAmIResponse{Kind: string(principal.Kind), ExpireTime: wire.Time(principal.Expires)}
	if principal.Kind == authn.Human {
		answer.Person = person(principal.Person)
	}
	return answer, nil
}
