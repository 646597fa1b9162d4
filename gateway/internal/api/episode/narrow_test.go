package episode

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/internal/person"
)

// family is a mother in a refuge with her child, and a neighbour who told.
func family(safe bool) ([]episode.Subject, episode.Referrer) {
	at := func(where string) person.Identity {
		return person.Identity{
			GivenName: "Vera", FamilyName: "Refuge", Phones: []string{"07700900123 " + where}, School: where + " school", GP: where + " surgery",
			Addresses: []person.Address{{Lines: []string{where + " house"}, Postcode: "CV1 1AA"}},
		}
	}
	return []episode.Subject{
		{ID: "m", Role: "parent", Identity: at("secret"), SafeAddress: safe}, {ID: "c", Role: "index_child", Identity: at("secret")},
	}, episode.Referrer{GivenName: "Nosy", FamilyName: "Neighbour", Phone: "07700900999"}
}

// TestWhatAPartnerReads: a representative of another agency learns neither where a protected person is, through anybody's field, nor
// who a referrer is who is not a professional. Children's services, who were told both, read both.
func TestWhatAPartnerReads(t *testing.T) {
	for name, c := range map[string]struct {
		role         string
		safe         bool
		professional bool
		place, who   bool // whether it may be read
	}{
		"a partner, protected":               {partnerRole, true, false, false, false},
		"a partner, nobody protected":        {partnerRole, false, false, true, false},
		"a partner, a professional referrer": {partnerRole, true, true, false, true},
		"a social worker":                    {"social_worker", true, false, true, true},
		"a team manager":                     {"team_manager", true, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			subjects, referrer := family(c.safe)
			referrer.Professional = c.professional
			reader := session{who: directory.Person{ID: "reader", Hub: "coventry", Role: c.role}, hub: "coventry"}
			form, err := protojson.Marshal(reader.referral(episode.Referral{Hub: "coventry", ID: "r", Subjects: subjects, Referrer: referrer, Submitter: "somebody"}))
			if err != nil {
				t.Fatal(err)
			}
			whole, err := protojson.Marshal(reader.episode(episode.Episode{Hub: "coventry", ID: "r", Subjects: subjects}))
			if err != nil {
				t.Fatal(err)
			}
			for what, text := range map[string]string{"referral": string(form), "episode": string(whole)} {
				if got := strings.Contains(text, "secret"); got != c.place {
					t.Errorf("the %s tells the place: %v, want %v", what, got, c.place)
				}
			}
			if got := strings.Contains(string(form), "Neighbour") || strings.Contains(string(form), "900999"); got != c.who {
				t.Errorf("the referral tells who referred: %v, want %v", got, c.who)
			}
		})
	}
}
