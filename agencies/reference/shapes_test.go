package reference_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/internal/extract"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// stored is one record as the neutral extract has it, a question in SQL to the organisation's own store, and what that store says.
type stored struct {
	category, field, value, query, want string
}

// The same facts are kept in each organisation's own tables, by its own codes, with days as it writes them.
var ownWords = map[string]stored{
	"police": {
		"pol.domestic_abuse", "risk", "High",
		"SELECT class_cd || ' ' || risk_cd || ' ' || from_dt || ' ' || handling_cds FROM occurrence", "DA H 20260304 SRC OPN@risk_cd",
	},
	"children_social_care": {
		"csc.status", "legal_status", "Full care order",
		"SELECT legal_status || ' ' || start_date || ' ' || group_concat(reason_code || column_name) FROM case_status JOIN restriction USING (record_id)",
		"C2 04/03/2026 R05,R08legal_status",
	},
	"early_help": {
		"eh.plan", "family_decision", "Accepted",
		"SELECT FamilyDecision || ' ' || AssessedOn || ' ' || SharingNotes FROM EhmEpisode", "ACC 4 March 2026 HideSource WorkerView@FamilyDecision",
	},
	"education": {
		"edu.send", "need", "Social, emotional and mental health",
		"SELECT sen_type_rank1 || ' ' || on_date || ' ' || markings FROM sen_history", "SEMH 2026-03-04 CONF VIEW@sen_type_rank1",
	},
	"community_health": {
		"hlt.attendance", "kind", "Emergency department",
		"SELECT type || ' ' || (body ->> '$.class.code') || ' ' || (body ->> '$.period.start') || ' ' || (body ->> '$.meta.security[1].element') FROM resource WHERE type = 'Encounter'",
		"Encounter EMER 2026-03-04 class.code",
	},
	"mental_health": {
		"hlt.mental_health_status", "risk_level", "High",
		"SELECT form_cd || ' ' || question_cd || ' ' || answer || ' ' || dated || date FROM form JOIN answer USING (form_id)", "REFERRAL REF07 3 S2026-03-04",
	},
	"probation": {
		"prb.risk", "level", "Very high",
		"SELECT ROSH_LEVEL || ' ' || REFERRAL_DATE || ' ' || group_concat(SENSITIVITY_CODE || COLUMN_NAME) FROM ROSH_SUMMARY JOIN SENSITIVITY USING (EVENT_REF)",
		"V 04-03-2026 IN,OPROSH_LEVEL",
	},
	"youth_justice": {
		"yj.involvement", "intervention", "Referral order",
		"SELECT substr(document, instr(document, '<Entry'), instr(document, '</Entry>') - instr(document, '<Entry')) FROM case_file",
		`<Entry name="Disposal"><Marker>ProfessionalView</Marker><Value>RO</Value>`,
	},
}

func TestEachOrganisationKeepsRecordsInItsOwnWords(t *testing.T) {
	for _, organisation := range reference.Organisations() {
		t.Run(organisation, func(t *testing.T) {
			own, ok := ownWords[organisation]
			if !ok {
				t.Fatal("there is no case for the organisation")
			}
			folder := t.TempDir()
			load(t, organisation, folder, own)
			if got := ask(t, filepath.Join(folder, organisation+".db"), own.query); got != own.want {
				t.Errorf("the store says %q, want %q", got, own.want)
			}
		})
	}
}

func load(t *testing.T, organisation, folder string, own stored) {
	t.Helper()
	var b bytes.Buffer
	w, err := extract.NewWriter(&b, extract.Head{Organisation: organisation, AsOf: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Write(extract.Person{Ref: "P1", Identity: person.Identity{GivenName: "Mira", FamilyName: "Quill"}, Records: []record.Record{{
		Header: record.Header{Ref: "R1", Category: own.category, EventDate: "2026-03-04", Labels: []string{"informant"}, LabelsKnown: true},
		Fields: []record.Field{{Name: own.field, Value: own.value, Labels: []string{"opinion"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	store, err := reference.Open(t.Context(), organisation, folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Import(t.Context(), strings.NewReader(b.String())); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, file, query string) (answer string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
