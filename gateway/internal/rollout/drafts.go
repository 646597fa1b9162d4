package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"
	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// The largest archive, bundle and report that are kept (draft.proto, policy_service.proto).
const (
	archiveLimit = 4 << 20
	reportLimit  = 8 << 20
	noteLimit    = 2000
)

type draftRow struct {
	bun.BaseModel `bun:"table:policy_drafts"`

	Hub, ID          string
	Pack, Content    string
	Title, Version   string
	Author           string
	AuthorIdentity   string
	Note             string
	CreateTime       int64
	Archive          []byte
	CheckReport      []byte
	CheckPassed      bool
	TestReport       []byte
	TestPassed       bool
	SimulationReport []byte
	Widens           bool
	SimulatedAgainst int64
	ReportDigest     string
	Bundle           string
	KeyID            string
	Activation       int64
	Rejected         string
}

type approvalRow struct {
	bun.BaseModel `bun:"table:policy_approvals"`

	Hub, Draft, Person, Identity, ReportDigest string
	Time                                       int64
}

func (r draftRow) draft(approvals []approvalRow) Draft {
	d := Draft{
		Ref: Ref{r.Hub, r.ID}, Revision: r.Pack, Title: r.Title, Version: r.Version, Author: r.Author, Note: r.Note,
		CreateTime: moment(r.CreateTime), Check: r.CheckReport, Checked: r.CheckPassed, Test: r.TestReport, Tested: r.TestPassed,
		Simulation: r.SimulationReport, ReportDigest: r.ReportDigest, Widens: r.Widens, SimulatedAgainst: r.SimulatedAgainst,
		Bundle: r.Bundle, KeyID: r.KeyID, Activation: r.Activation, Rejected: r.Rejected, content: r.Content, authorIdentity: r.AuthorIdentity,
	}
	for _, a := range approvals {
		if a.Draft == r.ID && a.ReportDigest == r.ReportDigest {
			d.Approvals = append(d.Approvals, Approval{Person: a.Person, ReportDigest: a.ReportDigest, Time: moment(a.Time)})
		}
	}
	return d
}

// CreateDraft takes in the folder of a pack, as package bundle archives one. A pack that cannot be read, or is another hub's, is refused
// whole.
func (s *Store) CreateDraft(ctx context.Context, who directory.Person, archive []byte, note string) (Draft, error) {
	if len(archive) > archiveLimit || len(note) > noteLimit {
		return Draft{}, errors.New("rollout: a draft is too large")
	}
	_, pack, err := readArchive(archive)
	if err != nil {
		return Draft{}, &fault.Error{
			Code: codes.InvalidArgument, Reason: "PACK_UNREADABLE", Public: "pack: cannot be read as a policy pack",
			Fields: []fault.Field{{Name: "pack", Description: "is not a policy pack: `mashctl policy check` says why"}}, Private: err,
		}
	}
	manifest := pack.Manifest()
	if manifest.Hub != who.Hub || manifest.Kind != policy.KindHub {
		return Draft{}, fault.Invalid("pack", "its manifest is not that of a pack of this hub")
	}
	content, err := contentOf(pack)
	if err != nil {
		return Draft{}, err
	}
	row := draftRow{
		Hub: who.Hub, ID: newID(), Pack: pack.ID(), Content: content, Title: manifest.Name, Version: manifest.Version, Author: who.ID, Note: note,
		CreateTime: s.Clock.Now().UnixMicro(), Archive: archive, CheckReport: []byte{}, TestReport: []byte{}, SimulationReport: []byte{},
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if row.AuthorIdentity, err = s.Directory.Identity(ctx, tx, who.Hub, who.ID); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("rollout: keeping a draft: %w", err)
		}
		return s.append(ctx, tx, who, ledger.Entry{Kind: ledger.KindPolicyDrafted, Revision: row.Pack, Digest: digestOf(archive)})
	})
	return row.draft(nil), err
}

// contentOf is the digest of everything that a bundle of the pack holds but its signature. The pack's id is of what decides alone.
func contentOf(pack *policy.Pack) (string, error) {
	unsigned, err := bundle.Build(pack)
	return bundle.Digest(unsigned), err
}

func readArchive(archive []byte) (fs.FS, *policy.Pack, error) {
	tree, err := bundle.Tree(archive)
	if err != nil {
		return nil, nil, err
	}
	pack, err := policy.ReadPack(tree)
	return tree, pack, err
}

// Draft reads one with its reports and approvals, or answers NOT_FOUND.
func (s *Store) Draft(ctx context.Context, hub, id string) (Draft, error) {
	_, d, err := readDraft(ctx, s.DB.Read(), Ref{hub, id})
	return d, err
}

// Archive is the folder of the pack as it was handed in, for bundle.Tree; or NOT_FOUND.
func (s *Store) Archive(ctx context.Context, hub, id string) (archive []byte, err error) {
	err = s.DB.Read().NewSelect().Model((*draftRow)(nil)).Column("archive").Where("hub = ? AND id = ?", hub, id).Scan(ctx, &archive)
	return archive, found(err, "policy draft")
}

func readDraft(ctx context.Context, q store.Querier, at Ref) (row draftRow, d Draft, err error) {
	err = q.NewSelect().Model(&row).ExcludeColumn("archive").Where("hub = ? AND id = ?", at.Hub, at.ID).Scan(ctx)
	if err := found(err, "policy draft"); err != nil {
		return draftRow{}, Draft{}, err
	}
	approvals, err := readApprovals(ctx, q, at.Hub, []string{at.ID})
	return row, row.draft(approvals), err
}

func readApprovals(ctx context.Context, q store.Querier, hub string, drafts []string) (rows []approvalRow, err error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model(&rows).Where("hub = ? AND draft IN (?)", hub, bun.List(drafts)).Order("time", "person").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("rollout: reading approvals: %w", err)
	}
	return rows, nil
}

// Drafts are those of a hub without their reports, newest first, and the cursor of the next page, "" at the end.
func (s *Store) Drafts(ctx context.Context, p Page) (page []Draft, next string, err error) {
	var rows []draftRow
	query := s.DB.Read().NewSelect().Model(&rows).ExcludeColumn("archive", "check_report", "test_report", "simulation_report").
		Where("hub = ?", p.Hub)
	if err := scanPage(ctx, query, "id", p.Cursor, p.Limit); err != nil {
		return nil, "", err
	}
	if len(rows) > p.Limit {
		rows = rows[:p.Limit]
		next = cursor(rows[p.Limit-1].CreateTime, rows[p.Limit-1].ID)
	}
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	approvals, err := readApprovals(ctx, s.DB.Read(), p.Hub, ids)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		page = append(page, r.draft(approvals))
	}
	return page, next, nil
}
