-- What was decided, on what, so that it can be decided again. Times are microseconds since 1970, UTC.
-- +goose Up

-- An input is kept once for all decisions of a request that were made on it.
CREATE TABLE decision_inputs (
    request TEXT NOT NULL REFERENCES requests (id),
    -- A blind index of the input.
    mark    TEXT NOT NULL,
    -- Sealed under the episode's key.
    body    BLOB NOT NULL,
    PRIMARY KEY (request, mark)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    hub          TEXT    NOT NULL,
    episode      TEXT    NOT NULL,
    request      TEXT    NOT NULL REFERENCES requests (id),
    kind         TEXT    NOT NULL,
    time         INTEGER NOT NULL,
    -- How many decisions the record holds.
    decisions    INTEGER NOT NULL,
    -- The entry that holds the SHA-256 of body, written in the same transaction.
    ledger_entry INTEGER NOT NULL,
    -- Random; it binds the body to its row.
    place        TEXT    NOT NULL,
    -- NULL once the record's time is over.
    input        TEXT,
    -- Sealed under the episode's key: headers and verdicts. NULL once the record's time is over.
    body         BLOB,
    FOREIGN KEY (request, input) REFERENCES decision_inputs (request, mark),
    FOREIGN KEY (hub, ledger_entry) REFERENCES ledger_entries (hub, seq)
) STRICT;
CREATE INDEX decisions_of_hub ON decisions (hub, seq);
CREATE INDEX decisions_of_request ON decisions (request, seq);
CREATE INDEX decisions_by_input ON decisions (request, input);
CREATE INDEX decisions_kept ON decisions (hub, time) WHERE body IS NOT NULL;

-- +goose Down
DROP TABLE decisions;
DROP TABLE decision_inputs;
