-- A children's case system. Days are dd/mm/yyyy, as its forms have them. Restrictions stand in a table of their own: on a whole row, or on
-- the column that is named.
CREATE TABLE IF NOT EXISTS person (
  person_id TEXT PRIMARY KEY, last_name TEXT NOT NULL, first_name TEXT NOT NULL, birth_or_expected TEXT NOT NULL, gender TEXT NOT NULL,
  ethnic_origin TEXT NOT NULL, nhs_number TEXT NOT NULL, upn TEXT NOT NULL, first_language TEXT NOT NULL, religion TEXT NOT NULL,
  disability TEXT NOT NULL, school_name TEXT NOT NULL, gp_name TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person_name (person_id TEXT NOT NULL REFERENCES person, also_known_as TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person_contact (person_id TEXT NOT NULL REFERENCES person, telephone TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person_address (
  person_id TEXT NOT NULL REFERENCES person, address TEXT NOT NULL, postcode TEXT NOT NULL, is_current INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS person_alert (person_id TEXT NOT NULL REFERENCES person, alert_type TEXT NOT NULL, PRIMARY KEY (person_id, alert_type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_name_of ON person_name (person_id);
CREATE INDEX IF NOT EXISTS person_contact_of ON person_contact (person_id);
CREATE INDEX IF NOT EXISTS person_address_of ON person_address (person_id);

CREATE TABLE IF NOT EXISTS restriction (
  record_id TEXT NOT NULL, column_name TEXT NOT NULL, reason_code TEXT NOT NULL, PRIMARY KEY (record_id, column_name, reason_code)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS case_status (
  record_id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person, start_date TEXT, end_date TEXT,
  open_closed TEXT NOT NULL CHECK (open_closed IN ('OPEN', 'CLOSED')), restrictions_checked INTEGER NOT NULL, address_record INTEGER NOT NULL,
  status_code TEXT, legal_status TEXT, key_worker TEXT, team_name TEXT, dob_on_file TEXT, address_on_file TEXT, lives_with TEXT
);
CREATE TABLE IF NOT EXISTS case_note (
  record_id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person, start_date TEXT, end_date TEXT,
  open_closed TEXT NOT NULL, restrictions_checked INTEGER NOT NULL, address_record INTEGER NOT NULL,
  significant_event TEXT, outcome_text TEXT, harm_text TEXT, worry_text TEXT, working_well TEXT, location TEXT, contact_from TEXT, note TEXT
);
CREATE TABLE IF NOT EXISTS assessment (
  record_id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person, start_date TEXT, end_date TEXT,
  open_closed TEXT NOT NULL, restrictions_checked INTEGER NOT NULL, address_record INTEGER NOT NULL,
  assessment_type TEXT, analysis TEXT, sos_past_harm TEXT, sos_danger TEXT, sos_strengths TEXT, sos_safety TEXT, sos_goals TEXT,
  sos_next TEXT, sos_scale TEXT, sos_scaled_by TEXT, others_in_report TEXT, birth_family TEXT
);
CREATE TABLE IF NOT EXISTS placement (
  record_id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person, start_date TEXT, end_date TEXT,
  open_closed TEXT NOT NULL, restrictions_checked INTEGER NOT NULL, address_record INTEGER NOT NULL,
  placement_code TEXT, placed_at TEXT, carer_name TEXT, carer_telephone TEXT, matching_note TEXT
);
CREATE INDEX IF NOT EXISTS case_status_of ON case_status (person_id);
CREATE INDEX IF NOT EXISTS case_note_of ON case_note (person_id);
CREATE INDEX IF NOT EXISTS assessment_of ON assessment (person_id);
CREATE INDEX IF NOT EXISTS placement_of ON placement (person_id);
