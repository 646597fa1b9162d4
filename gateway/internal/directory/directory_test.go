package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
)

type fixture struct {
	*directory.Directory
	t   *testing.T
	db  *store.DB
	dir string
}

func setUp(t *testing.T, vault *seal.Vault) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir()}
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(f.dir, "hub.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if vault == nil {
		if vault, err = seal.OpenVault(filepath.Join(t.TempDir(), "keys"), make([]byte, seal.KEKSize)); err != nil {
			t.Fatal(err)
		}
	}
	f.db, f.Directory = db, directory.New(db, vault)
	f.do(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(
			f.PutHub(ctx, tx, directory.Hub{ID: "coventry", Title: "Coventry", Issuers: []string{"https://one", "https://both"}}),
			f.PutHub(ctx, tx, directory.Hub{ID: "warwick", Title: "Warwick", Issuers: []string{"https://two", "https://both"}}),
		)
	})
	return f
}

func (f *fixture) try(do func(ctx context.Context, tx store.Tx) error) error {
	return f.db.InTx(context.Background(), do)
}

func (f *fixture) do(do func(ctx context.Context, tx store.Tx) error) {
	f.t.Helper()
	if err := f.try(do); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) put(r directory.Registration) error {
	return f.try(func(ctx context.Context, tx store.Tx) error { return f.Put(ctx, tx, r) })
}

func worker() directory.Registration {
	return directory.Registration{
		Person: directory.Person{ID: "p1", Hub: "coventry", Role: "social_worker", Agency: "children_services", Active: true, DisplayName: "CANARYdisplay"},
		Issuer: "https://one", Subject: "CANARYsubject",
		Particulars: directory.Particulars{
			GivenName: "CANARYgiven", FamilyName: "CANARYfamily", DateOfBirth: "1985-06-07", Postcode: "CV1 2AB",
			Relatives: []directory.Relative{{GivenName: "CANARYniece", FamilyName: "Else", DateOfBirth: "2015-01-02"}},
		},
	}
}

func unknown(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Reason == "UNKNOWN_PERSON"
}

func TestAnIssuerSpeaksOnlyForItsHubs(t *testing.T) {
	f := setUp(t, nil)
	if err := f.put(worker()); err != nil {
		t.Fatal(err)
	}
	got, err := f.ByToken(context.Background(), "https://one", "CANARYsubject")
	if err != nil || !cmp.Equal(got, worker().Person) {
		t.Errorf("ByToken = %s, %v", got.ID, err)
	}
	for name, token := range map[string][2]string{
		"another issuer": {"https://two", "CANARYsubject"}, "an issuer of the same hub": {"https://both", "CANARYsubject"},
		"an unbound issuer": {"https://none", "CANARYsubject"}, "another subject": {"https://one", "canarysubject"},
		"no subject": {"https://one", ""}, "no issuer": {"", "CANARYsubject"}, "parts moved": {"https://oneCANARY", "subject"},
	} {
		if p, err := f.ByToken(context.Background(), token[0], token[1]); !unknown(err) {
			t.Errorf("%s: %s, %v", name, p.ID, err)
		}
	}
	stranger := worker()
	stranger.ID, stranger.Subject, stranger.Issuer = "p2", "x", "https://two"
	if err := f.put(stranger); err == nil {
		t.Error("a person was registered under an issuer that is not bound to the hub")
	}
	twin := worker()
	twin.ID = "p3"
	if err := f.put(twin); err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("a second person with the same token: %v", err)
	}
	f.do(func(ctx context.Context, tx store.Tx) error { // the binding is taken away
		return f.PutHub(ctx, tx, directory.Hub{ID: "coventry", Issuers: []string{"https://both"}})
	})
	if _, err := f.ByToken(context.Background(), "https://one", "CANARYsubject"); !unknown(err) {
		t.Errorf("an issuer that is no longer bound: %v", err)
	}
}

func TestATokenInTwoHubsIsNobody(t *testing.T) {
	f := setUp(t, nil)
	one := worker()
	one.Issuer = "https://both"
	two := one
	two.Hub = "warwick"
	if err := errors.Join(f.put(one), f.put(two)); err != nil {
		t.Fatal(err)
	}
	if p, err := f.ByToken(context.Background(), "https://both", "CANARYsubject"); !unknown(err) {
		t.Errorf("spoke for %s of %s, %v", p.ID, p.Hub, err)
	}
}

func TestWhoIsTakenOutHasLeft(t *testing.T) {
	f := setUp(t, nil)
	second, elsewhere := worker(), worker()
	second.ID, second.Subject = "p2", "second"
	elsewhere.Hub, elsewhere.Issuer = "warwick", "https://two"
	if err := errors.Join(f.put(worker()), f.put(second), f.put(elsewhere)); err != nil {
		t.Fatal(err)
	}
	f.do(func(ctx context.Context, tx store.Tx) error { return f.KeepOnly(ctx, tx, "coventry", []string{"p2"}) })
	if _, err := f.ByToken(context.Background(), "https://one", "CANARYsubject"); !unknown(err) {
		t.Errorf("somebody who left: %v", err)
	}
	for issuer, subject := range map[string]string{"https://one": "second", "https://two": "CANARYsubject"} {
		if _, err := f.ByToken(context.Background(), issuer, subject); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	p, err := f.Person(context.Background(), "coventry", "p1")
	if err != nil || p.Active || p.Name() != "hubs/coventry/people/p1" {
		t.Errorf("the record of who left: %s active %v, %v", p.Name(), p.Active, err)
	}
	var nf *fault.Error
	if _, err := f.Person(context.Background(), "warwick", "p2"); !errors.As(err, &nf) || nf.Reason != "NOT_FOUND" {
		t.Errorf("in another hub: %v", err)
	}
	page, next, err := f.List(context.Background(), directory.Query{Hub: "coventry", Limit: 1})
	if err != nil || len(page) != 1 || page[0].ID != "p1" || next != "p1" {
		t.Fatalf("first page: %d, next %q, %v", len(page), next, err)
	}
	page, next, err = f.List(context.Background(), directory.Query{Hub: "coventry", Limit: 1, Cursor: next})
	if err != nil || len(page) != 1 || page[0].ID != "p2" || next != "" {
		t.Errorf("second page: %d, next %q, %v", len(page), next, err)
	}
	f.do(func(ctx context.Context, tx store.Tx) error { return f.KeepOnly(ctx, tx, "coventry", nil) })
	if _, err := f.ByToken(context.Background(), "https://one", "second"); !unknown(err) {
		t.Errorf("with nobody kept: %v", err)
	}
}

func TestRelations(t *testing.T) {
	f := setUp(t, nil)
	home := []person.Address{{Postcode: "cv12ab", Current: true}}
	for name, c := range map[string]struct {
		change func(*directory.Particulars)
		other  person.Identity
		want   []string
	}{
		"nobody":                  {nil, person.Identity{GivenName: "Ann", FamilyName: "Other", DateOfBirth: "2019-01-01", Addresses: home}, nil},
		"own record":              {nil, person.Identity{GivenName: "canaryGIVEN", FamilyName: "Canaryfamily", DateOfBirth: "1985-06-07"}, []string{"own_record"}},
		"own record, other name":  {nil, person.Identity{GivenName: "C", FamilyName: "Married", OtherNames: []string{"CANARYgiven CANARYfamily"}, DateOfBirth: "1985-06-07"}, []string{"own_record"}},
		"same name, another day":  {nil, person.Identity{GivenName: "CANARYgiven", FamilyName: "CANARYfamily", DateOfBirth: "1985-06-08"}, nil},
		"same name, no day":       {nil, person.Identity{GivenName: "CANARYgiven", FamilyName: "CANARYfamily"}, nil},
		"same surname and home":   {nil, person.Identity{GivenName: "Kid", FamilyName: "canaryfamily", DateOfBirth: "2019-01-01", Addresses: home}, []string{"same_surname_and_address"}},
		"surname before marriage": {func(p *directory.Particulars) { p.OtherNames = []string{"Jo Maiden"} }, person.Identity{GivenName: "Kid", FamilyName: "Maiden", Addresses: home}, []string{"same_surname_and_address"}},
		"same surname elsewhere":  {nil, person.Identity{GivenName: "Kid", FamilyName: "CANARYfamily", Addresses: []person.Address{{Postcode: "CV2 2AB"}}}, nil},
		"a declared relative":     {nil, person.Identity{GivenName: "CANARYniece", FamilyName: "ELSE", DateOfBirth: "2015-01-02"}, []string{"declared"}},
		"a relative by name":      {nil, person.Identity{GivenName: "CANARYniece", FamilyName: "Else"}, []string{"named_relative"}},
		"a relative's namesake":   {nil, person.Identity{GivenName: "CANARYniece", FamilyName: "Else", DateOfBirth: "2001-01-02"}, nil},
		"two relations":           {nil, person.Identity{GivenName: "CANARYgiven", FamilyName: "CANARYfamily", DateOfBirth: "1985-06-07", Addresses: home}, []string{"own_record", "same_surname_and_address"}},
		"no data at all":          {func(p *directory.Particulars) { *p = directory.Particulars{} }, person.Identity{GivenName: "Kid", FamilyName: "X", DateOfBirth: "2019-01-01"}, []string{"directory_data_missing"}},
		"no data on either side":  {func(p *directory.Particulars) { *p = directory.Particulars{} }, person.Identity{}, []string{"directory_data_missing"}},
		"no postcode":             {func(p *directory.Particulars) { p.Postcode = "" }, person.Identity{GivenName: "CANARYniece", FamilyName: "Else", DateOfBirth: "2015-01-02"}, []string{"declared", "directory_data_missing"}},
		"a subject without data":  {nil, person.Identity{}, nil},
	} {
		r := worker()
		if c.change != nil {
			c.change(&r.Particulars)
		}
		if err := f.put(r); err != nil {
			t.Fatal(err)
		}
		found, err := f.Relations(context.Background(), r.Person, []directory.RelationSubject{{ID: "s1", Identity: c.other}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rel := range found {
			got = append(got, rel.Kind)
			if rel.Subject != "s1" {
				t.Errorf("%s: about %s", name, rel.Subject)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOrganisationsAreReachedUnderACertificatesName(t *testing.T) {
	f := setUp(t, nil)
	police := directory.Organisation{Hub: "coventry", ID: "police", Address: "localhost:1", SAN: "mashgate://agency/police"}
	hospital := directory.Organisation{Hub: "coventry", ID: "hospital"}
	f.do(func(ctx context.Context, tx store.Tx) error {
		return errors.Join(f.PutOrganisation(ctx, tx, police), f.PutOrganisation(ctx, tx, hospital))
	})
	nameless := police
	nameless.SAN = ""
	if err := f.try(func(ctx context.Context, tx store.Tx) error { return f.PutOrganisation(ctx, tx, nameless) }); err == nil {
		t.Error("an organisation is dialled without knowing whom to expect")
	}
	all, err := f.Organisations(context.Background(), "coventry")
	if diff := cmp.Diff([]directory.Organisation{hospital, police}, all); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	one, err := f.Organisation(context.Background(), "coventry", "police")
	if err != nil || one != police || !one.Connected() || hospital.Connected() {
		t.Errorf("%+v, %v", one, err)
	}
	hub, err := f.Hub(context.Background(), "coventry")
	if diff := cmp.Diff(directory.Hub{ID: "coventry", Title: "Coventry", Issuers: []string{"https://both", "https://one"}}, hub); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestNoCanaryIsInTheFilesOrPrinted(t *testing.T) {
	found := func(vault *seal.Vault) (n int) {
		f := setUp(t, vault)
		if err := f.put(worker()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"hub.db", "hub.db-wal"} {
			content, err := os.ReadFile(filepath.Join(f.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(content, []byte("CANARY"))
		}
		return n
	}
	if n := found(nil); n != 0 {
		t.Errorf("%d canaries in the files", n)
	}
	if n := found(seal.NewPlainForTest(t)); n == 0 {
		t.Error("with encryption off the test sees none either")
	}
	r := worker()
	for _, v := range []any{r, &r, r.Person, r.Particulars, r.Particulars.Relatives, directory.RelationSubject{Identity: person.Identity{GivenName: "CANARY"}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "CANARY") {
				t.Errorf("%s of %T prints it", verb, v)
			}
		}
	}
}
