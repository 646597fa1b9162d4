-- The journal of one organisation's agency. Statements are repeatable, because replicas open the same file at the same moment; a change
-- to the schema is a further statement that can be repeated.

-- Warrants that have been used, until they have expired anyway.
CREATE TABLE IF NOT EXISTS used (
  jti     TEXT NOT NULL,
  method  TEXT NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (jti, method)
) WITHOUT ROWID;

-- The newest attempt of each leg that was located, and whom it found: subject (the episode's random id) to ref (the organisation's own).
CREATE TABLE IF NOT EXISTS leg (
  hub     TEXT NOT NULL,
  request TEXT NOT NULL,
  leg     TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (hub, request, leg)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS located (
  hub     TEXT NOT NULL,
  request TEXT NOT NULL,
  leg     TEXT NOT NULL,
  subject TEXT NOT NULL,
  ref     TEXT NOT NULL,
  PRIMARY KEY (hub, request, leg, subject),
  FOREIGN KEY (hub, request, leg) REFERENCES leg ON DELETE CASCADE
) WITHOUT ROWID;

-- Every warrant that was refused. Request and leg are empty where no signature stood to vouch for them.
CREATE TABLE IF NOT EXISTS refusal (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  method  TEXT NOT NULL,
  caller  TEXT NOT NULL,
  jti     TEXT NOT NULL,
  hub     TEXT NOT NULL,
  request TEXT NOT NULL,
  leg     TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  code    TEXT NOT NULL
);

-- What left, by subject, written before it leaves: how much, never what.
CREATE TABLE IF NOT EXISTS release (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  jti      TEXT NOT NULL,
  hub      TEXT NOT NULL,
  request  TEXT NOT NULL,
  leg      TEXT NOT NULL,
  attempt  INTEGER NOT NULL,
  subject  TEXT NOT NULL,
  records  INTEGER NOT NULL,
  stubs    INTEGER NOT NULL,
  outcome  TEXT NOT NULL,
  revision TEXT NOT NULL
);

-- What was decided on, by everything that rules read: how many records, what the warrant allowed and what the organisation's own policy
-- said. No reference, no field.
CREATE TABLE IF NOT EXISTS decided (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  hub      TEXT NOT NULL,
  request  TEXT NOT NULL,
  leg      TEXT NOT NULL,
  attempt  INTEGER NOT NULL,
  revision TEXT NOT NULL,
  records  INTEGER NOT NULL,
  body     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS decided_at ON decided (at);
