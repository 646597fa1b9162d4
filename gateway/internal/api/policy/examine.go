package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy/lint"
	"github.com/mashgate/mashgate/policy/packtest"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// examineLimit is how long the checks or the tests of one pack may take. The default pack takes seconds.
const examineLimit = 3 * time.Minute

// CheckDraft implements PolicyService.
func (s *Service) CheckDraft(ctx context.Context, req *policyv1.CheckDraftRequest) (*policyv1.Draft, error) {
	return s.examine(ctx, req.GetName(), rollout.Check, func(ctx context.Context, tree fs.FS) (any, bool, error) {
		report, err := lint.Check(ctx, tree, lint.Options{Today: s.Clock.Now()})
		return report, report.OK(false), err
	})
}

// TestDraft implements PolicyService.
func (s *Service) TestDraft(ctx context.Context, req *policyv1.TestDraftRequest) (*policyv1.Draft, error) {
	return s.examine(ctx, req.GetName(), rollout.Test, func(ctx context.Context, tree fs.FS) (any, bool, error) {
		report, err := packtest.Run(ctx, tree)
		return report, report.OK(), err
	})
}

// examination is what is found about a pack: a report that becomes JSON, and whether nothing in it stands in the way.
type examination func(context.Context, fs.FS) (report any, passed bool, err error)

// examine runs an examination over a draft's own folder, one at a time and bounded, and keeps what it found.
func (s *Service) examine(ctx context.Context, name string, kind rollout.ReportKind, run examination) (*policyv1.Draft, error) {
	c, err := s.begin(ctx, name)
	if err != nil {
		return nil, err
	}
	d, err := s.Rollout.Draft(ctx, c.who.Hub, c.name.Draft())
	if err != nil {
		return nil, err
	}
	tree, _, err := s.Rollout.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	report, err := s.bounded(ctx, kind, func(ctx context.Context) (rollout.Report, error) {
		found, passed, err := run(ctx, tree)
		if err != nil {
			return rollout.Report{}, fmt.Errorf("examining draft %s: %w", d.ID, err)
		}
		text, err := json.Marshal(found)
		return rollout.Report{Kind: kind, JSON: text, Passed: passed}, err
	})
	if err != nil {
		return nil, err
	}
	return draft(s.Rollout.SaveReport(ctx, c.who, c.draft(), report))
}

// bounded waits for its turn and gives up after examineLimit.
func (s *Service) bounded(ctx context.Context, kind rollout.ReportKind, run func(context.Context) (rollout.Report, error)) (rollout.Report, error) {
	limited, cancel := context.WithTimeout(ctx, examineLimit)
	defer cancel()
	select {
	case s.examining <- struct{}{}:
		defer func() { <-s.examining }()
	case <-limited.Done():
		return rollout.Report{}, tooLong(ctx, kind, limited.Err())
	}
	report, err := run(limited)
	if err != nil && limited.Err() != nil {
		return rollout.Report{}, tooLong(ctx, kind, err)
	}
	return report, err
}

// tooLong tells a pack that takes too long from a caller who went away.
func tooLong(ctx context.Context, kind rollout.ReportKind, cause error) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(err, cause)
	}
	return &fault.Error{
		Code: codes.DeadlineExceeded, Reason: "EXAMINATION_TOO_LONG", Public: "The " + string(kind) + " took too long and was stopped.", Private: cause,
	}
}
