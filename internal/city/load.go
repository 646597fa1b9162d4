package city

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

//go:embed families/*.yaml
var families embed.FS

// LoadFamilies reads the hand-made families, in the order of their names. It reports everything that is wrong with all of them at once.
func LoadFamilies() ([]Family, error) { return loadFamilies(families) }

func loadFamilies(files fs.FS) ([]Family, error) {
	paths, err := fs.Glob(files, "families/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("city: listing the families: %w", err)
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	var loaded []Family
	var problems []error
	for _, name := range paths {
		family, err := loadFamily(files, name, catalogue)
		if err != nil {
			problems = append(problems, fmt.Errorf("city: %s: %w", name, err))
			continue
		}
		loaded = append(loaded, family)
	}
	problems = append(problems, uniqueRefs(loaded))
	return loaded, errors.Join(problems...)
}

func loadFamily(files fs.FS, name string, catalogue *record.Catalogue) (Family, error) {
	source, err := fs.ReadFile(files, name)
	if err != nil {
		return Family{}, err
	}
	var file familyFile
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return Family{}, err
	}
	if file.Family != strings.TrimSuffix(path.Base(name), ".yaml") {
		return Family{}, fmt.Errorf("family is %q: it must be the file's name", file.Family)
	}
	family, err := file.build(catalogue)
	if err != nil {
		return Family{}, err
	}
	return family, family.check(catalogue)
}

func (file familyFile) build(catalogue *record.Catalogue) (Family, error) {
	f := Family{
		Name: file.Family, Title: file.Title, Story: strings.TrimSpace(file.Story), Referral: file.Referral.Referral, Triage: file.Triage,
		Episode: file.Episode, Requester: file.Requester, Categories: file.Categories,
		People: map[string]person.Identity{}, Holdings: map[string][]Holding{}, Expect: file.Expect.build(),
	}
	for id, who := range file.People {
		f.People[id] = who.identity()
	}
	for _, s := range file.Referral.Subjects {
		f.Referral.Subjects = append(f.Referral.Subjects, s.subject(f.People[s.ID]))
	}
	var problems []error
	if file.Expect.Ask != "proceed" && file.Expect.Ask != "noask" {
		problems = append(problems, fmt.Errorf("expect: ask is %q: it must be proceed or noask", file.Expect.Ask))
	}
	for organisation, held := range file.Holdings {
		for _, h := range held {
			holding, err := h.holding(file.number(), organisation, f.People[h.Person], catalogue)
			problems = append(problems, err)
			f.Holdings[organisation] = append(f.Holdings[organisation], holding)
		}
	}
	return f, errors.Join(problems...)
}

// number is the leading part of the family's name ("06").
func (file familyFile) number() string {
	number, _, _ := strings.Cut(file.Family, "-")
	return number
}

func (s subjectFile) subject(truth person.Identity) Subject {
	known := truth
	if s.Identity != nil {
		known = s.Identity.identity()
	}
	return Subject{
		ID: s.ID, Role: s.Role, Identity: known, Relationship: s.Relationship, Identified: s.Identified,
		GillickCompetent: s.GillickCompetent, PregnantOrPostnatal: s.PregnantOrPostnatal, ParentalResponsibility: s.ParentalResponsibility,
		LivesWithIndex: s.LivesWithIndex, AllegedSourceOfHarm: s.AllegedSourceOfHarm, SafeAddress: s.SafeAddress,
	}
}

func (h holdingFile) holding(number, organisation string, truth person.Identity, catalogue *record.Catalogue) (Holding, error) {
	who, err := without(overlay(knownTo(organisation, truth), h.Identity.identity()), h.Missing)
	held := Holding{Person: h.Person, Ref: h.Ref, Identity: who, Flags: h.Flags}
	if held.Ref == "" {
		held.Ref = "H" + number + "-" + h.Person
	}
	problems := []error{err}
	for _, r := range h.Records {
		built, err := r.record(catalogue)
		held.Records = append(held.Records, built)
		problems = append(problems, err)
	}
	return held, errors.Join(problems...)
}

func (r recordFile) record(catalogue *record.Catalogue) (record.Record, error) {
	built := record.Record{Header: record.Header{
		Ref: r.Ref, Category: r.Category, EventDate: r.EventDate, Until: r.Until, Current: r.Current, Labels: r.Labels,
		LabelsKnown: !r.LabelsUnknown, OnlyAddress: r.OnlyAddress,
	}.Normalised()}
	if r.Undated != (r.EventDate == "" && r.Until == "" && !r.Current) {
		return built, fmt.Errorf("%s: say exactly one of event_date, until, current and undated", r.Ref)
	}
	left := maps.Clone(r.Fields)
	for _, spec := range catalogue.Categories[r.Category].Fields {
		if value, ok := r.Fields[spec.Name]; ok {
			built.Fields = append(built.Fields, record.Field{Name: spec.Name, Value: value, Labels: r.FieldLabels[spec.Name]})
			delete(left, spec.Name)
		}
	}
	if len(left) > 0 {
		return built, fmt.Errorf("%s: not in the catalogue for %s: %v", r.Ref, r.Category, slices.Sorted(maps.Keys(left)))
	}
	return built, nil
}

func (file expectFile) build() Expect {
	e := Expect{
		Proceed: file.Ask == "proceed", Reasons: file.Reasons, Tell: file.Tell, Obligations: file.Obligations, Answers: file.Answers,
		AnswerReasons: file.AnswerReasons, Records: map[string]Outcome{}, Protected: file.Protected, Conflicts: file.Conflicts, Never: file.Never,
	}
	maps.Copy(e.Records, file.Held)
	for ref, masks := range file.Released {
		outcome := Outcome{Effect: "permit", Masks: slices.Sorted(slices.Values(masks))}
		if len(masks) > 0 {
			outcome.Effect = "redact"
		}
		e.Records[ref] = outcome
	}
	return e
}
