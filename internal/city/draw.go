package city

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/mashgate/mashgate/internal/person"
)

// draw is everything chance decides about one family. Its source depends on the seed and the family's number alone, so a family is the
// same whatever stands before it, and the city can be written one family at a time.
type draw struct {
	*rand.Rand
	words words
	// family is the family's number; serial counts what must be unique in it.
	family, serial uint64
	seed           uint64
	now            time.Time
}

func newDraw(o Options, family int, w words) *draw {
	return &draw{Rand: rand.New(rand.NewPCG(o.Seed, mix(uint64(family)))), words: w, family: uint64(family), seed: o.Seed, now: o.Now}
}

// mix spreads numbers over all 64 bits, one to one (the finaliser of SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// perFamily bounds what may be unique in one family: people, references and protected words are numbered below it. Sixteen people with
// three records of every kind stay well below.
const perFamily = 1 << 10

func (d *draw) next() uint64 {
	d.serial++
	return d.family*perFamily + d.serial%perFamily
}

// reference is unique in the city and tells nothing: neither whose it is nor what kind of record it names.
func (d *draw) reference(prefix string) string {
	return fmt.Sprintf("%s%016x", prefix, mix(d.next())^d.seed)
}

// word is a made-up word that stands nowhere else in the city: whoever sees it has seen what it stands for.
func (d *draw) word() string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	// Six syllables each, so that no word is part of another.
	const syllables, shortest = uint64(len(consonants) * len(vowels)), 70 * 70 * 70 * 70 * 70
	var b strings.Builder
	for n := shortest + d.next()*6007; n > 0; n /= syllables {
		at := int(n % syllables)
		b.WriteByte(consonants[at/len(vowels)])
		b.WriteByte(vowels[at%len(vowels)])
	}
	word := b.String() + "x"
	return strings.ToUpper(word[:1]) + word[1:]
}

func (d *draw) chance(p float64) bool { return d.Float64() < p }

func pick[T any](d *draw, list []T) T { return list[d.IntN(len(list))] }

func (d *draw) familyName() string {
	return pick(d, d.words.familyFirst) + pick(d, d.words.familySecond)
}

func (d *draw) givenName(sex string) string {
	if sex == "female" {
		return pick(d, d.words.female)
	}
	return pick(d, d.words.male)
}

// bornBetween is the day of birth of somebody between the ages given, in days before now.
func (d *draw) bornBetween(fewest, most int) time.Time {
	return d.now.AddDate(0, 0, -fewest-d.IntN(most-fewest+1))
}

// daysAgo is an ISO day between fewest and most days ago.
func (d *draw) daysAgo(fewest, most int) string { return iso(d.bornBetween(fewest, max(fewest, most))) }

func iso(day time.Time) string { return day.Format(time.DateOnly) }

const year = 365

// home is an address in a postcode area that does not exist.
func (d *draw) home() person.Address {
	first, second := d.IntN(len(d.words.streetFirst)), d.IntN(len(d.words.streetSecond))
	street := d.words.streetFirst[first] + " " + d.words.streetSecond[second]
	return person.Address{
		Lines:    []string{fmt.Sprintf("%d %s", 1+d.IntN(90), street), "Mashborough"},
		Postcode: postcode(10+first, second%10, uint64(first*31+second*7)),
		Current:  true,
	}
}

// refuge is a home that nobody may learn of: every part of it is found nowhere else.
func (d *draw) refuge() person.Address {
	n := d.next()
	return person.Address{
		Lines: []string{d.word() + " House", d.word() + " Lane", d.word()}, Postcode: postcode(int(90+n%10), int(n/10%10), n/100), Current: true,
	}
}

// postcode puts together one of area ZZ; the last two letters leave out those that postcodes do not use.
func postcode(district, sector int, unit uint64) string {
	const letters = "ABDEFGHJLNPQRSTUWXYZ"
	return fmt.Sprintf("ZZ%d %d%c%c", district, sector, letters[unit/20%20], letters[unit%20])
}

// phone is one of the mobile numbers that Ofcom keeps for drama.
func (d *draw) phone() string { return fmt.Sprintf("07700 900%03d", d.IntN(1000)) }
