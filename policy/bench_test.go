package policy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// family is a section 47 request about four people, as the benchmarks ask it.
func family(v *policy.Vocabulary) policy.Input {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	in := policy.Input{
		At: at, Hub: v.Hub.Code,
		Requester: policy.Requester{Role: "social_worker", Agency: "children_services", Hub: v.Hub.Code, Assigned: true},
		Episode: policy.Episode{
			Stage: "mash_episode", Purpose: "safeguarding_children", Rating: "red", LevelOfNeed: 4, Basis: "s47",
			Concerns: []string{"physical_abuse", "domestic_abuse"},
		},
	}
	for i, role := range []string{"index_child", "sibling", "parent", "parent"} {
		born := "2018-01-01"
		if role == "parent" {
			born = "1990-01-01"
		}
		in.Subjects = append(in.Subjects, policy.Subject{
			ID: fmt.Sprintf("s%d", i), Role: role, Born: born, Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown",
			ParentalResponsibility: role == "parent", LivesWithIndex: true,
		})
	}
	for _, entry := range v.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	return in
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compiled(b)
	}
}

func BenchmarkOpen(b *testing.B) {
	revision := compiled(b)
	in := family(revision.Vocabulary())
	for b.Loop() {
		if _, err := revision.Open(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConstraints derives what the police may be asked for, of a request that has not been asked anything yet.
func BenchmarkConstraints(b *testing.B) {
	revision := compiled(b)
	in := family(revision.Vocabulary())
	derived := 0
	for b.Loop() {
		request, err := revision.Open(context.Background(), in)
		if err != nil {
			b.Fatal(err)
		}
		constraints, err := request.Constraints(context.Background(), "police")
		if err != nil || len(constraints) == 0 {
			b.Fatalf("%d constraints, %v", len(constraints), err)
		}
		derived += len(constraints)
	}
	b.ReportMetric(float64(derived)/float64(b.N), "constraints/op")
}

// BenchmarkRelease decides on records that differ (each is evaluated) and on records alike (each is remembered).
func BenchmarkRelease(b *testing.B) {
	revision := compiled(b)
	in := family(revision.Vocabulary())
	for _, distinct := range []int{1, 1000} {
		b.Run(fmt.Sprintf("distinct=%d", distinct), func(b *testing.B) {
			headers := make([]record.Header, 1000)
			for i := range headers {
				day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -(i % distinct))
				headers[i] = record.Header{
					Ref: fmt.Sprint(i), Organisation: "police", Category: "pol.involvement", Subject: "s2", LabelsKnown: true,
					EventDate: day.Format(time.DateOnly), Labels: []string{"third_party"},
				}
			}
			for b.Loop() {
				request, err := revision.Open(context.Background(), in)
				if err != nil {
					b.Fatal(err)
				}
				decisions, err := request.Release(context.Background(), headers)
				if err != nil || decisions[0].Effect != policy.Redact {
					b.Fatalf("%v, %v", decisions, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/record")
		})
	}
}
