-- Schools' management information, one row a pupil. `now` is Y while a row applies; `markings` are codes on the row or, after an @, on one
-- of its columns.
CREATE TABLE IF NOT EXISTS pupil (
  adm_no TEXT PRIMARY KEY, upn TEXT NOT NULL, legal_surname TEXT NOT NULL, legal_forename TEXT NOT NULL, dob TEXT NOT NULL, sex TEXT NOT NULL,
  ethnicity TEXT NOT NULL, first_lang TEXT NOT NULL, on_roll_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pupil_chosen_name (adm_no TEXT NOT NULL REFERENCES pupil, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parent_telephone (adm_no TEXT NOT NULL REFERENCES pupil, number TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pupil_home (adm_no TEXT NOT NULL REFERENCES pupil, home TEXT NOT NULL, pcode TEXT NOT NULL, current INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pupil_note (adm_no TEXT NOT NULL REFERENCES pupil, note_type TEXT NOT NULL, PRIMARY KEY (adm_no, note_type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pupil_chosen_name_of ON pupil_chosen_name (adm_no);
CREATE INDEX IF NOT EXISTS parent_telephone_of ON parent_telephone (adm_no);
CREATE INDEX IF NOT EXISTS pupil_home_of ON pupil_home (adm_no);

CREATE TABLE IF NOT EXISTS school_place (
  rec_id TEXT PRIMARY KEY, adm_no TEXT NOT NULL REFERENCES pupil, on_date TEXT, left_date TEXT, now TEXT NOT NULL CHECK (now IN ('Y', 'N')),
  marked_by_dsl INTEGER NOT NULL, markings TEXT NOT NULL, home_only INTEGER NOT NULL,
  school TEXT, school_tel TEXT, nc_year TEXT, sen_unit TEXT, dob_held TEXT, home_held TEXT, priority_1_contact TEXT
);
CREATE TABLE IF NOT EXISTS attendance_summary (
  rec_id TEXT PRIMARY KEY, adm_no TEXT NOT NULL REFERENCES pupil, on_date TEXT, left_date TEXT, now TEXT NOT NULL,
  marked_by_dsl INTEGER NOT NULL, markings TEXT NOT NULL, home_only INTEGER NOT NULL,
  term TEXT, present_pct TEXT, code_o TEXT, comment TEXT, school TEXT
);
CREATE TABLE IF NOT EXISTS exclusion (
  rec_id TEXT PRIMARY KEY, adm_no TEXT NOT NULL REFERENCES pupil, on_date TEXT, left_date TEXT, now TEXT NOT NULL,
  marked_by_dsl INTEGER NOT NULL, markings TEXT NOT NULL, home_only INTEGER NOT NULL,
  category TEXT, sessions TEXT, reason TEXT, school TEXT
);
CREATE TABLE IF NOT EXISTS sen_history (
  rec_id TEXT PRIMARY KEY, adm_no TEXT NOT NULL REFERENCES pupil, on_date TEXT, left_date TEXT, now TEXT NOT NULL,
  marked_by_dsl INTEGER NOT NULL, markings TEXT NOT NULL, home_only INTEGER NOT NULL,
  sen_provision TEXT, sen_type_rank1 TEXT, school TEXT
);
CREATE TABLE IF NOT EXISTS cp_log (
  rec_id TEXT PRIMARY KEY, adm_no TEXT NOT NULL REFERENCES pupil, on_date TEXT, left_date TEXT, now TEXT NOT NULL,
  marked_by_dsl INTEGER NOT NULL, markings TEXT NOT NULL, home_only INTEGER NOT NULL,
  concern TEXT, child_words TEXT, action TEXT, staff TEXT, told_by TEXT, others TEXT, free_note TEXT, school TEXT
);
CREATE INDEX IF NOT EXISTS school_place_of ON school_place (adm_no);
CREATE INDEX IF NOT EXISTS attendance_summary_of ON attendance_summary (adm_no);
CREATE INDEX IF NOT EXISTS exclusion_of ON exclusion (adm_no);
CREATE INDEX IF NOT EXISTS sen_history_of ON sen_history (adm_no);
CREATE INDEX IF NOT EXISTS cp_log_of ON cp_log (adm_no);
