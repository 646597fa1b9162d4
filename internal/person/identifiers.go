package person

import "strings"

// ValidNHSNumber tells whether s is ten digits whose last one is the modulus 11 check digit (NHS Data Dictionary, NHS NUMBER).
func ValidNHSNumber(s string) bool {
	if len(s) != 10 || !digits(s) {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += int(s[i]-'0') * (10 - i)
	}
	check := (11 - sum%11) % 11
	return check != 10 && check == int(s[9]-'0')
}

// upnLetters are the check letters by remainder; I, O and S are left out because they read as digits.
const upnLetters = "ABCDEFGHJKLMNPQRTUVWXYZ"

// ValidUPN tells whether s is a unique pupil number: a check letter by modulus 23, then twelve digits, the last of which is a letter
// in a temporary number (DfE, Unique Pupil Numbers: a guide for schools and local authorities).
func ValidUPN(s string) bool {
	if len(s) != 13 || !digits(s[1:12]) {
		return false
	}
	last := int(s[12]) - '0'
	if last < 0 || last > 9 {
		last = strings.IndexByte(upnLetters, s[12])
	}
	if last < 0 {
		return false
	}
	sum := last * 13
	for i := 1; i < 12; i++ {
		sum += int(s[i]-'0') * (i + 1)
	}
	return upnLetters[sum%23] == s[0]
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
