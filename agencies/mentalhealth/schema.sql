-- An electronic patient record built of forms. A form has no columns of its own: each answer is a row, and so is each sharing restriction,
-- on the whole form (question '') or on the answer to one question.
CREATE TABLE IF NOT EXISTS client (
  client_id TEXT PRIMARY KEY, nhs_no TEXT NOT NULL, fam TEXT NOT NULL, giv TEXT NOT NULL, dob TEXT NOT NULL, stated_gender TEXT NOT NULL,
  gp TEXT NOT NULL, ethnic_category TEXT NOT NULL, language TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS client_alias (client_id TEXT NOT NULL REFERENCES client, alias TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS client_phone (client_id TEXT NOT NULL REFERENCES client, phone TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS client_address (client_id TEXT NOT NULL REFERENCES client, address TEXT NOT NULL, postcode TEXT NOT NULL, primary_yn INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS client_alert (client_id TEXT NOT NULL REFERENCES client, alert_cd TEXT NOT NULL, PRIMARY KEY (client_id, alert_cd)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS client_alias_of ON client_alias (client_id);
CREATE INDEX IF NOT EXISTS client_phone_of ON client_phone (client_id);
CREATE INDEX IF NOT EXISTS client_address_of ON client_address (client_id);

CREATE TABLE IF NOT EXISTS form (
  form_id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES client, form_cd TEXT NOT NULL,
  -- dated: how the date is meant: S seen on, D discharged on, O open now, U not dated
  dated TEXT NOT NULL CHECK (dated IN ('S', 'D', 'O', 'U')), date TEXT NOT NULL,
  -- consent_to_share: 1 where the restrictions were gone through
  consent_to_share INTEGER NOT NULL, demographic_only INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answer (
  form_id TEXT NOT NULL REFERENCES form, question_cd TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (form_id, question_cd)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS share_restriction (
  form_id TEXT NOT NULL REFERENCES form, question_cd TEXT NOT NULL, restriction_cd TEXT NOT NULL, PRIMARY KEY (form_id, question_cd, restriction_cd)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS form_of ON form (client_id, form_cd);
