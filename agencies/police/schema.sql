-- A force's nominal index and what hangs on it. Days are yyyymmdd; state_cd is L (live) or F (filed); handling_cds are handling codes,
-- each on the whole row or, after an @, on one of its columns.
CREATE TABLE IF NOT EXISTS nominal (
  nominal_no TEXT PRIMARY KEY, surname TEXT NOT NULL, forenames TEXT NOT NULL, dob TEXT NOT NULL, sex_cd TEXT NOT NULL, ea_text TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nominal_alias (nominal_no TEXT NOT NULL REFERENCES nominal, alias TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nominal_phone (nominal_no TEXT NOT NULL REFERENCES nominal, telno TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nominal_address (
  nominal_no TEXT NOT NULL REFERENCES nominal, premises TEXT NOT NULL, pcode TEXT NOT NULL, curr_ind INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS warning_marker (
  nominal_no TEXT NOT NULL REFERENCES nominal, marker_cd TEXT NOT NULL CHECK (marker_cd IN ('SA', 'RA', 'OP')), PRIMARY KEY (nominal_no, marker_cd)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nominal_alias_of ON nominal_alias (nominal_no);
CREATE INDEX IF NOT EXISTS nominal_phone_of ON nominal_phone (nominal_no);
CREATE INDEX IF NOT EXISTS nominal_address_of ON nominal_address (nominal_no);

-- Incidents, missing-person enquiries and domestic-abuse crimes, one class each.
CREATE TABLE IF NOT EXISTS occurrence (
  urn TEXT PRIMARY KEY, nominal_no TEXT NOT NULL REFERENCES nominal, class_cd TEXT NOT NULL CHECK (class_cd IN ('GEN', 'MISPER', 'DA')),
  from_dt TEXT, filed_dt TEXT, state_cd TEXT NOT NULL CHECK (state_cd IN ('L', 'F')),
  handling_rvwd INTEGER NOT NULL, handling_cds TEXT NOT NULL, locn_only INTEGER NOT NULL,
  occ_type TEXT, role_cd TEXT, risk_cd TEXT, result_cd TEXT, mo_text TEXT, injury_text TEXT, rhi_text TEXT, locn TEXT, rptd_by TEXT, other_noms TEXT
);
CREATE TABLE IF NOT EXISTS disposal_history (
  urn TEXT PRIMARY KEY, nominal_no TEXT NOT NULL REFERENCES nominal,
  from_dt TEXT, filed_dt TEXT, state_cd TEXT NOT NULL, handling_rvwd INTEGER NOT NULL, handling_cds TEXT NOT NULL, locn_only INTEGER NOT NULL,
  offence_wording TEXT, disposal_cd TEXT, court_name TEXT, victim_name TEXT
);
CREATE TABLE IF NOT EXISTS intel_report (
  urn TEXT PRIMARY KEY, nominal_no TEXT NOT NULL REFERENCES nominal,
  from_dt TEXT, filed_dt TEXT, state_cd TEXT NOT NULL, handling_rvwd INTEGER NOT NULL, handling_cds TEXT NOT NULL, locn_only INTEGER NOT NULL,
  grading_cd TEXT, sanitised_text TEXT, source_ref TEXT, full_text TEXT
);
CREATE TABLE IF NOT EXISTS operation_subject (
  urn TEXT PRIMARY KEY, nominal_no TEXT NOT NULL REFERENCES nominal,
  from_dt TEXT, filed_dt TEXT, state_cd TEXT NOT NULL, handling_rvwd INTEGER NOT NULL, handling_cds TEXT NOT NULL, locn_only INTEGER NOT NULL,
  op_name TEXT, oic TEXT, op_detail TEXT
);
CREATE INDEX IF NOT EXISTS occurrence_of ON occurrence (nominal_no, class_cd);
CREATE INDEX IF NOT EXISTS disposal_history_of ON disposal_history (nominal_no);
CREATE INDEX IF NOT EXISTS intel_report_of ON intel_report (nominal_no);
CREATE INDEX IF NOT EXISTS operation_subject_of ON operation_subject (nominal_no);
