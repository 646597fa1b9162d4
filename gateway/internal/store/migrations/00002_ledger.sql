-- The ledger: ids, codes and references, never content. What stands in it cannot be changed or removed.
-- +goose Up
CREATE TABLE ledger_heads (
    hub TEXT    NOT NULL PRIMARY KEY,
    -- The last number given. It is raised in the transaction of its entry, so that there is never a gap.
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE ledger_entries (
    hub        TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    episode    TEXT    NOT NULL,
    -- The canonical entry (JSON), which the commitment is made of.
    entry      TEXT    NOT NULL,
    commitment TEXT    NOT NULL,
    -- Sealed under the key of the case, or of the hub's ledger where there is no case.
    salt       BLOB    NOT NULL,
    PRIMARY KEY (hub, seq)
) STRICT;
CREATE INDEX ledger_entries_by_episode ON ledger_entries (hub, episode, seq);
CREATE INDEX ledger_entries_by_kind ON ledger_entries (hub, kind, seq);

CREATE TABLE ledger_subjects (
    hub     TEXT    NOT NULL,
    episode TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (hub, episode, subject, seq),
    FOREIGN KEY (hub, seq) REFERENCES ledger_entries (hub, seq)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER ledger_entries_stand BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'a ledger entry cannot be changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_stay BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'a ledger entry cannot be removed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_heads_rise BEFORE UPDATE ON ledger_heads WHEN NEW.seq <> OLD.seq + 1 OR NEW.hub <> OLD.hub
BEGIN SELECT RAISE(ABORT, 'a ledger only grows'); END;
-- +goose StatementEnd

-- REPLACE removes a row without asking the trigger above.
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_follow BEFORE INSERT ON ledger_entries
WHEN NEW.seq IS NOT (SELECT seq FROM ledger_heads WHERE hub = NEW.hub)
    OR EXISTS (SELECT 1 FROM ledger_entries WHERE hub = NEW.hub AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a ledger entry takes the next number'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_heads_stay BEFORE DELETE ON ledger_heads
BEGIN SELECT RAISE(ABORT, 'a ledger cannot be removed'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE ledger_subjects;
DROP TABLE ledger_entries;
DROP TABLE ledger_heads;
