-- Information requests, their legs, and the sequence of what came of them.
-- Times are microseconds since 1970, UTC; 0 is none.
-- +goose Up
CREATE TABLE requests (
    hub          TEXT    NOT NULL,
    episode      TEXT    NOT NULL,
    id           TEXT    NOT NULL PRIMARY KEY,
    state        TEXT    NOT NULL,
    requester    TEXT    NOT NULL,
    revision     TEXT    NOT NULL,
    told         TEXT    NOT NULL,
    create_time  INTEGER NOT NULL,
    end_time     INTEGER NOT NULL,
    intent_entry INTEGER NOT NULL,
    -- The number of the last event.
    last_seq     INTEGER NOT NULL,
    -- Blind indexes of the idempotency key (principal, method, value) and of the message sent with it; NULL without a key.
    idem_key     TEXT UNIQUE,
    idem_body    TEXT,
    -- Sealed: what was decided on, and how.
    body         BLOB    NOT NULL,
    FOREIGN KEY (hub, episode) REFERENCES episodes (hub, id)
) STRICT;
CREATE INDEX requests_newest ON requests (hub, episode, create_time, id);
CREATE INDEX requests_running ON requests (state) WHERE state = 'running';

CREATE TABLE request_legs (
    id           TEXT    NOT NULL PRIMARY KEY,
    request      TEXT    NOT NULL REFERENCES requests (id),
    organisation TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    attempt      INTEGER NOT NULL,
    subjects     TEXT    NOT NULL,
    lease_until  INTEGER NOT NULL,
    deadline     INTEGER NOT NULL,
    -- Sealed: what the exchange needs to go on.
    progress     BLOB    NOT NULL,
    UNIQUE (request, organisation)
) STRICT;

-- One row per organisation and subject that has answered: the second answer does not fit.
CREATE TABLE request_answers (
    request      TEXT    NOT NULL REFERENCES requests (id),
    organisation TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (request, organisation, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_events (
    request TEXT    NOT NULL REFERENCES requests (id),
    seq     INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    -- Sealed: the answer, the released records, what is held.
    body    BLOB    NOT NULL,
    PRIMARY KEY (request, seq)
) STRICT;

-- What arrived and has not been decided on.
CREATE TABLE request_staged (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    request      TEXT NOT NULL REFERENCES requests (id),
    organisation TEXT NOT NULL,
    subject      TEXT NOT NULL,
    -- Random; it binds the body to its row.
    place        TEXT NOT NULL,
    -- Sealed.
    body         BLOB NOT NULL
) STRICT;
CREATE INDEX request_staged_of_leg ON request_staged (request, organisation, subject, id);

-- +goose Down
DROP TABLE request_staged;
DROP TABLE request_events;
DROP TABLE request_answers;
DROP TABLE request_legs;
DROP TABLE requests;
