-- Live re-check: what has moved, what is decided again because of it, and what was seen that would no longer be released. Ids and
-- codes alone. Times are microseconds since 1970, UTC; 0 is none.
-- +goose Up

-- Written in the transaction of the change. A time to come is when something ends by the clock.
CREATE TABLE episode_moves (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    hub     TEXT    NOT NULL,
    episode TEXT    NOT NULL,
    cause   TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    FOREIGN KEY (hub, episode) REFERENCES episodes (hub, id)
) STRICT;
CREATE INDEX episode_moves_due ON episode_moves (time, id);
CREATE INDEX episode_moves_of_episode ON episode_moves (hub, episode);

-- What is to be decided again, oldest first; a row with a done_time is history.
CREATE TABLE rechecks (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    hub       TEXT    NOT NULL,
    -- Empty for the whole hub.
    episode   TEXT    NOT NULL,
    cause     TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    -- The last request that was gone through.
    cursor    TEXT    NOT NULL,
    done_time INTEGER NOT NULL
) STRICT;
CREATE INDEX rechecks_open ON rechecks (id) WHERE done_time = 0;

-- The policy of each hub that a re-check was last written down for.
CREATE TABLE recheck_policies (
    hub      TEXT    NOT NULL PRIMARY KEY,
    number   INTEGER NOT NULL,
    revision TEXT    NOT NULL
) STRICT;

CREATE TABLE recheck_findings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    hub          TEXT    NOT NULL,
    episode      TEXT    NOT NULL,
    request      TEXT    NOT NULL REFERENCES requests (id),
    time         INTEGER NOT NULL,
    cause        TEXT    NOT NULL,
    organisation TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    records      INTEGER NOT NULL,
    was          TEXT    NOT NULL,
    now          TEXT    NOT NULL,
    -- JSON lists.
    reasons      TEXT    NOT NULL,
    seen_by      TEXT    NOT NULL,
    entries      TEXT    NOT NULL
) STRICT;
CREATE INDEX recheck_findings_newest ON recheck_findings (hub, id);
CREATE INDEX recheck_findings_oldest ON recheck_findings (hub, time);

-- Each record is found once for each person who saw it and each outcome, however often it is decided again.
CREATE TABLE recheck_records (
    request      TEXT    NOT NULL,
    person       TEXT    NOT NULL,
    organisation TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    ref          TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    finding      INTEGER NOT NULL REFERENCES recheck_findings (id) ON DELETE CASCADE,
    PRIMARY KEY (request, person, organisation, subject, category, ref, outcome)
) STRICT, WITHOUT ROWID;
CREATE INDEX recheck_records_of_finding ON recheck_records (finding);

CREATE INDEX requests_oldest ON requests (hub, create_time, id);

-- +goose Down
DROP INDEX requests_oldest;
DROP TABLE recheck_records;
DROP TABLE recheck_findings;
DROP TABLE recheck_policies;
DROP TABLE rechecks;
DROP TABLE episode_moves;
