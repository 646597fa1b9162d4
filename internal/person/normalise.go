package person

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters spells letters that Unicode does not decompose the way British offices write them down.
var letters = strings.NewReplacer("ł", "l", "ø", "o", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ß", "ss", "ı", "i")

// NormaliseName returns the form in which names are compared: lower case, without accents and apostrophes, other marks as single
// spaces. "O’Brien-Łoś " and "obrien los" are the same name. It is idempotent.
func NormaliseName(name string) string {
	// Once more after spelling out: a capital may only be lowered, and an accent only fall away, on the second look.
	return foldName(foldName(name))
}

func foldName(name string) string {
	lowered := letters.Replace(strings.ToLower(norm.NFKD.String(name)))
	var b strings.Builder
	gap := false
	for _, r := range lowered {
		switch {
		case unicode.Is(unicode.Mn, r), strings.ContainsRune("'’‘ʼ`´", r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
	}
	return b.String()
}

var postcode = regexp.MustCompile(`^([A-Z]{1,2}[0-9][0-9A-Z]?)([0-9][A-Z]{2})$`)

// NormalisePostcode returns a UK postcode as "CV1 2AB", or "" when it is not one.
func NormalisePostcode(s string) string {
	compact := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '.' {
			return -1
		}
		return unicode.ToUpper(r)
	}, s)
	parts := postcode.FindStringSubmatch(compact)
	if parts == nil {
		return ""
	}
	return parts[1] + " " + parts[2]
}

// dayLayouts are the ways in which days are written in British records: the day always stands before the month.
var dayLayouts = []string{
	time.DateOnly, "2006-1-2", "20060102", "2/1/2006", "2-1-2006", "2.1.2006", "2 Jan 2006", "2 January 2006", time.RFC3339, "2006-01-02T15:04:05",
}

// NormaliseDate reads a day as people and systems write it and returns the ISO day. "unborn" stays as it is. It returns false for
// what is not a day, and for two-digit years, which would be a guess.
func NormaliseDate(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, Unborn) {
		return Unborn, true
	}
	for _, layout := range dayLayouts {
		if day, err := time.Parse(layout, s); err == nil {
			return day.Format(time.DateOnly), day.Year() >= 1850
		}
	}
	return "", false
}
