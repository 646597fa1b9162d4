-- An Early Help Module: members of families, and episodes of help. Days are written out ("3 May 2026"), as its reports write them.
CREATE TABLE IF NOT EXISTS FamilyMember (
  MemberId TEXT PRIMARY KEY, FirstName TEXT NOT NULL, LastName TEXT NOT NULL, DateOfBirth TEXT NOT NULL, Gender TEXT NOT NULL,
  School TEXT NOT NULL, Upn TEXT NOT NULL, SpokenLanguage TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS FamilyMemberAlias (MemberId TEXT NOT NULL REFERENCES FamilyMember, Alias TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS FamilyMemberPhone (MemberId TEXT NOT NULL REFERENCES FamilyMember, Phone TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS FamilyAddress (
  MemberId TEXT NOT NULL REFERENCES FamilyMember, AddressLines TEXT NOT NULL, PostCode TEXT NOT NULL, IsCurrent INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS FamilyMemberHazard (
  MemberId TEXT NOT NULL REFERENCES FamilyMember, HazardType TEXT NOT NULL, PRIMARY KEY (MemberId, HazardType)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS EhmEpisode (
  EpisodeRef TEXT PRIMARY KEY, MemberId TEXT NOT NULL REFERENCES FamilyMember, AssessedOn TEXT, ClosedOn TEXT,
  Stage TEXT NOT NULL CHECK (Stage IN ('Active', 'Ended')), SharingReviewed INTEGER NOT NULL, SharingNotes TEXT NOT NULL, AddressNoteOnly INTEGER NOT NULL,
  EpisodeType TEXT, OfferMade TEXT, FamilyDecision TEXT, WorkingWell TEXT, NextSteps TEXT, LeadPractitioner TEXT, FamilyHub TEXT, CaseNotes TEXT
);
CREATE INDEX IF NOT EXISTS FamilyMemberAliasOf ON FamilyMemberAlias (MemberId);
CREATE INDEX IF NOT EXISTS FamilyMemberPhoneOf ON FamilyMemberPhone (MemberId);
CREATE INDEX IF NOT EXISTS FamilyAddressOf ON FamilyAddress (MemberId);
CREATE INDEX IF NOT EXISTS EhmEpisodeOf ON EhmEpisode (MemberId);
