-- Resources as they are exchanged, whole. The columns beside the body are what the store looks things up by.
CREATE TABLE IF NOT EXISTS resource (
  id TEXT NOT NULL, type TEXT NOT NULL, patient TEXT NOT NULL, profile TEXT NOT NULL, body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (type, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resource_of ON resource (patient, profile);
