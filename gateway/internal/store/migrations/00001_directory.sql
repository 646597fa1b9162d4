-- Who may speak, for which hub, and how partners are reached.
-- +goose Up
CREATE TABLE hubs (
    id    TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL
) STRICT;

-- An issuer speaks only for the hubs bound to it.
CREATE TABLE hub_issuers (
    issuer TEXT NOT NULL,
    hub    TEXT NOT NULL REFERENCES hubs (id),
    PRIMARY KEY (issuer, hub)
) STRICT;

CREATE TABLE people (
    hub    TEXT    NOT NULL REFERENCES hubs (id),
    id     TEXT    NOT NULL,
    -- A blind index of issuer and subject: a token's subject is often a name or an e-mail address.
    token  TEXT    NOT NULL UNIQUE,
    role   TEXT    NOT NULL,
    agency TEXT    NOT NULL,
    active INTEGER NOT NULL,
    -- Sealed: display name, and the particulars for the relationship gate.
    body   BLOB    NOT NULL,
    PRIMARY KEY (hub, id)
) STRICT;

CREATE TABLE organisations (
    hub     TEXT NOT NULL REFERENCES hubs (id),
    id      TEXT NOT NULL,
    address TEXT NOT NULL,
    san     TEXT NOT NULL,
    PRIMARY KEY (hub, id)
) STRICT;

-- +goose Down
DROP TABLE organisations;
DROP TABLE people;
DROP TABLE hub_issuers;
DROP TABLE hubs;
