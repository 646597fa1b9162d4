-- Referrals and episodes. Only what lists and clocks need stands in clear; everything about people is in the sealed body.
-- Times are microseconds since 1970, UTC; 0 is none.
-- +goose Up
CREATE TABLE referrals (
    hub         TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    reference   TEXT    NOT NULL,
    submitter   TEXT    NOT NULL,
    submit_time INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    opened      INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    PRIMARY KEY (hub, id),
    UNIQUE (hub, reference)
) STRICT;
CREATE INDEX referrals_newest ON referrals (hub, submit_time, id);

CREATE TABLE episodes (
    hub         TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    stage       TEXT    NOT NULL,
    rating      TEXT    NOT NULL,
    basis       TEXT    NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    due_time    INTEGER NOT NULL,
    expire_time INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    PRIMARY KEY (hub, id),
    FOREIGN KEY (hub, id) REFERENCES referrals (hub, id)
) STRICT;
CREATE INDEX episodes_newest ON episodes (hub, create_time, id);

CREATE TABLE episode_assignees (
    hub     TEXT NOT NULL,
    episode TEXT NOT NULL,
    person  TEXT NOT NULL,
    PRIMARY KEY (hub, episode, person),
    FOREIGN KEY (hub, episode) REFERENCES episodes (hub, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX episode_assignees_by_person ON episode_assignees (hub, person);

-- +goose Down
DROP TABLE episode_assignees;
DROP TABLE episodes;
DROP TABLE referrals;
