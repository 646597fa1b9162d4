-- Where a simulation over recorded decisions was stopped, so that the next call goes on from there: one for each hub.
-- +goose Up
CREATE TABLE simulation_checkpoints (
    hub   TEXT NOT NULL PRIMARY KEY,
    draft TEXT NOT NULL,
    -- Random; it binds the body to its row.
    place TEXT NOT NULL,
    -- Sealed: counts, and the facts of a few decisions.
    body  BLOB NOT NULL
) STRICT;

-- +goose Down
DROP TABLE simulation_checkpoints;
