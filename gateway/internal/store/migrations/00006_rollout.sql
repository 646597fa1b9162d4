-- How a policy comes into force: bundles, drafts with their reports and approvals, the numbered log of activations, emergency
-- tightenings, and which replica serves what. Times are microseconds since 1970, UTC; 0 is none.
-- +goose Up
-- The last numbers given. They are raised in the transaction that uses them, so that there is never a gap.
CREATE TABLE policy_heads (
    hub        TEXT    NOT NULL PRIMARY KEY,
    activation INTEGER NOT NULL,
    overlay    INTEGER NOT NULL
) STRICT;

-- Addressed by their content: a bundle is never changed, and kept for as long as a request may be pinned to it or gone back to.
CREATE TABLE policy_bundles (
    hub         TEXT    NOT NULL,
    -- SHA-256 of the bytes, in hexadecimal.
    digest      TEXT    NOT NULL,
    pack        TEXT    NOT NULL,
    -- The key that signed it; '' for the pack that is built in.
    key_id      TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    review_date TEXT    NOT NULL,
    create_time INTEGER NOT NULL,
    bytes       BLOB    NOT NULL,
    PRIMARY KEY (hub, digest)
) STRICT;
CREATE INDEX policy_bundles_of_pack ON policy_bundles (hub, pack, create_time);

CREATE TABLE policy_drafts (
    hub               TEXT    NOT NULL,
    id                TEXT    NOT NULL,
    pack              TEXT    NOT NULL,
    -- SHA-256 of the unsigned bundle: what is signed must be this, manifest and all.
    content           TEXT    NOT NULL,
    title             TEXT    NOT NULL,
    version           TEXT    NOT NULL,
    author            TEXT    NOT NULL,
    -- Here and below: a blind index of issuer and subject. Two ids with one identity are one person.
    author_identity   TEXT    NOT NULL,
    note              TEXT    NOT NULL,
    create_time       INTEGER NOT NULL,
    archive           BLOB    NOT NULL,
    check_report      BLOB    NOT NULL,
    check_passed      INTEGER NOT NULL,
    test_report       BLOB    NOT NULL,
    test_passed       INTEGER NOT NULL,
    simulation_report BLOB    NOT NULL,
    widens            INTEGER NOT NULL,
    simulated_against INTEGER NOT NULL,
    -- What approvers say yes to; '' until all three reports are there.
    report_digest     TEXT    NOT NULL,
    -- The signed bundle.
    bundle            TEXT    NOT NULL,
    key_id            TEXT    NOT NULL,
    activation        INTEGER NOT NULL,
    rejected          TEXT    NOT NULL,
    PRIMARY KEY (hub, id)
) STRICT;
CREATE INDEX policy_drafts_newest ON policy_drafts (hub, create_time, id);

CREATE TABLE policy_approvals (
    hub           TEXT    NOT NULL,
    draft         TEXT    NOT NULL,
    person        TEXT    NOT NULL,
    identity      TEXT    NOT NULL,
    report_digest TEXT    NOT NULL,
    time          INTEGER NOT NULL,
    PRIMARY KEY (hub, draft, person),
    UNIQUE (hub, draft, identity),
    FOREIGN KEY (hub, draft) REFERENCES policy_drafts (hub, id)
) STRICT;

CREATE TABLE policy_activations (
    hub            TEXT    NOT NULL,
    number         INTEGER NOT NULL,
    pack           TEXT    NOT NULL,
    bundle         TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    create_time    INTEGER NOT NULL,
    -- When the last person needed had said yes, and when it comes into force; 0 while it waits for the second person.
    decide_time    INTEGER NOT NULL,
    activate_time  INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    actor_identity TEXT    NOT NULL,
    approver       TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    draft          TEXT    NOT NULL,
    rolled_back_to INTEGER NOT NULL,
    PRIMARY KEY (hub, number),
    FOREIGN KEY (hub, bundle) REFERENCES policy_bundles (hub, digest)
) STRICT;
CREATE UNIQUE INDEX policy_activations_of_draft ON policy_activations (hub, draft) WHERE draft <> '';

CREATE TABLE policy_tightenings (
    hub            TEXT    NOT NULL,
    number         INTEGER NOT NULL,
    rules          TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    actor          TEXT    NOT NULL,
    create_time    INTEGER NOT NULL,
    lift_proposer  TEXT    NOT NULL,
    lift_identity  TEXT    NOT NULL,
    lifter         TEXT    NOT NULL,
    lift_time      INTEGER NOT NULL,
    PRIMARY KEY (hub, number)
) STRICT;

-- Every rule in force after each tightening and each lifting: what a number in a revision's id stands for.
CREATE TABLE policy_overlays (
    hub    TEXT    NOT NULL,
    number INTEGER NOT NULL,
    rules  TEXT    NOT NULL,
    PRIMARY KEY (hub, number)
) STRICT;

-- The last statement of a publisher that the hub took over.
CREATE TABLE policy_followed (
    hub        TEXT    NOT NULL PRIMARY KEY,
    number     INTEGER NOT NULL,
    pack       TEXT    NOT NULL,
    -- The publisher's count of changes to its tightening.
    overlay    INTEGER NOT NULL,
    -- The tightening its rules are kept as here; 0 where it has none.
    tightening INTEGER NOT NULL
) STRICT;

-- A replica that finds the same bad bundle every second says so once.
CREATE TABLE policy_refusals (
    hub        TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    activation INTEGER NOT NULL,
    PRIMARY KEY (hub, digest, code, activation)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_replicas (
    hub       TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    peer      INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    revision  TEXT    NOT NULL,
    seen_time INTEGER NOT NULL,
    refused   TEXT    NOT NULL,
    PRIMARY KEY (hub, id, peer)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER policy_bundles_stand BEFORE UPDATE ON policy_bundles
BEGIN SELECT RAISE(ABORT, 'a bundle cannot be changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_activations_stand BEFORE UPDATE ON policy_activations WHEN OLD.decide_time <> 0 OR NEW.number <> OLD.number
    OR NEW.bundle <> OLD.bundle OR NEW.pack <> OLD.pack
BEGIN SELECT RAISE(ABORT, 'an activation that was decided cannot be changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_activations_stay BEFORE DELETE ON policy_activations
BEGIN SELECT RAISE(ABORT, 'an activation cannot be removed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_overlays_stand BEFORE UPDATE ON policy_overlays
BEGIN SELECT RAISE(ABORT, 'what was in force cannot be changed'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE policy_replicas;
DROP TABLE policy_refusals;
DROP TABLE policy_followed;
DROP TABLE policy_overlays;
DROP TABLE policy_tightenings;
DROP TABLE policy_activations;
DROP TABLE policy_approvals;
DROP TABLE policy_drafts;
DROP TABLE policy_bundles;
DROP TABLE policy_heads;
