package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy/history"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// replayed is the stream of a replay.
type replayed interface {
	Context() context.Context
	Send(message *policyv1.ReplayResponse) error
}

// tellEvery is how many records lie between two tellings of progress.
const tellEvery = 100

// Replay implements PolicyService. It gives way to requests between two records.
func (s *Service) Replay(req *policyv1.ReplayRequest, stream policyv1.PolicyService_ReplayServer) error {
	return s.replay(req, stream)
}

func (s *Service) replay(req *policyv1.ReplayRequest, stream replayed) error {
	ctx := stream.Context()
	c, err := s.begin(ctx, req.GetParent())
	if err != nil {
		return err
	}
	query := decision.Query{Hub: c.who.Hub, Entry: s.onLedger}
	if since := req.GetSince(); since != nil {
		query.Since = since.AsTime()
	}
	total, _, err := s.Decisions.Count(ctx, query)
	if err != nil {
		return err
	}
	pace := pace{began: s.Clock.Now(), total: total}
	result, err := history.Replay{
		Records:  s.Decisions.Each(ctx, query),
		Revision: s.Revisions.Pinned,
		Found: func(d history.Difference) error {
			return stream.Send(&policyv1.ReplayResponse{Event: &policyv1.ReplayResponse_Difference{Difference: difference(c.who.Hub, d)}})
		},
		Done: func(ctx context.Context, sofar history.Result) error {
			if sofar.Records%tellEvery == 0 {
				progress := &policyv1.ReplayResponse_Progress{Progress: pace.at(sofar.Records, s.Clock.Now())}
				if err := stream.Send(&policyv1.ReplayResponse{Event: progress}); err != nil {
					return err
				}
			}
			return s.Exchange.GiveWay(ctx)
		},
	}.Run(ctx)
	if err != nil {
		return err
	}
	missing, err := s.missing(ctx, query, stream)
	if err != nil {
		return err
	}
	result.Different += missing
	return stream.Send(&policyv1.ReplayResponse{Event: &policyv1.ReplayResponse_Result{Result: &policyv1.ReplayResult{
		Records: result.Records, Equal: result.Equal, Different: result.Different, Erased: result.Erased,
	}}})
}

// ledgerPage is how many entries are read together.
const ledgerPage = 500

// missing tells of decisions that stand on the ledger and have no record: a record that is erased when its time is over leaves its place.
// Of the entries of one act, which follow one another, the first has the record, and all have its digest.
func (s *Service) missing(ctx context.Context, of decision.Query, stream replayed) (count int64, err error) {
	last := "" // the digest of the last entry with a record
	for after := int64(0); ; {
		entries, err := s.Ledger.List(ctx, ledger.Query{Hub: of.Hub, After: after, Limit: ledgerPage})
		if err != nil || len(entries) == 0 {
			return count, err
		}
		after = entries[len(entries)-1].Seq
		entries = slices.DeleteFunc(entries, func(e ledger.Entry) bool {
			return e.Digest == "" || e.Request == ""
		})
		var seqs []int64
		for _, e := range entries {
			seqs = append(seqs, e.Seq)
		}
		recorded, err := s.Decisions.Recorded(ctx, of.Hub, seqs)
		if err != nil {
			return count, err
		}
		for _, e := range entries {
			if recorded[e.Seq] {
				last = e.Digest
			}
			if e.Digest == last || e.Time.Before(of.Since) {
				continue
			}
			count++
			found := difference(of.Hub, history.Difference{
				Episode: e.Episode, Request: e.Request, Organisation: e.Organisation, Revision: e.Revision, Code: history.RecordMissing,
				Detail: fmt.Sprintf("ledger entry %d", e.Seq),
			})
			if err := stream.Send(&policyv1.ReplayResponse{Event: &policyv1.ReplayResponse_Difference{Difference: found}}); err != nil {
				return count, err
			}
		}
	}
}

// onLedger is the digest that an entry holds. An entry that is not there, or not what was committed to, holds that of no record.
func (s *Service) onLedger(ctx context.Context, hub string, seq int64) (string, error) {
	digest, err := s.Ledger.Digest(ctx, hub, seq)
	missing, isFault := errors.AsType[*fault.Error](err)
	if errors.Is(err, ledger.ErrAltered) || isFault && missing.Code == codes.NotFound {
		return "", nil
	}
	return digest, err
}

func difference(hub string, d history.Difference) *policyv1.Difference {
	return &policyv1.Difference{
		Decision: d.Seq, InformationRequest: wire.RequestName(hub, d.Episode, d.Request), Organisation: d.Organisation,
		Revision: d.Revision, Code: d.Code, Detail: d.Detail,
	}
}

// pace tells how long a run will still take from how long it has taken.
type pace struct {
	began time.Time
	total int64
}

func (p pace) at(done int64, now time.Time) *policyv1.Progress {
	progress := &policyv1.Progress{Done: done, Total: p.total}
	if done > 0 {
		progress.SecondsLeft = int64(now.Sub(p.began).Seconds() * float64(p.total-done) / float64(done))
	}
	return progress
}
