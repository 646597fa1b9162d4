package city

import "fmt"

// fictionalAuthority is a local authority number that no authority has; every UPN of the city names it.
const fictionalAuthority = "998"

// Identifiers are numbered: maxPeople in a family, and as many families as the 999 range has room for.
const (
	maxPeople   = 16
	maxFamilies = 16000
	// firstNHS leaves the numbers below to the hand-made families.
	firstNHS = 200000
)

// nhsNumber is the n-th NHS number of the 999 range that is kept for tests, with its check digit (modulus 11).
func nhsNumber(n int) string {
	// Neighbours differ in the weight of the last digit, so at most one of two has the check digit that is not used.
	for base := firstNHS + n*3; ; base++ {
		nine := fmt.Sprintf("999%06d", base)
		sum := 0
		for i := range nine {
			sum += int(nine[i]-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check != 10 {
			return fmt.Sprintf("%s%d", nine, check)
		}
	}
}

// upn is the n-th unique pupil number of an authority that does not exist, with its check letter (modulus 23).
func upn(n int) string {
	const letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
	digits := fmt.Sprintf("%s%09d", fictionalAuthority, 200000000+n)
	sum := 0
	for i := range digits {
		sum += int(digits[i]-'0') * (i + 2)
	}
	return string(letters[sum%23]) + digits
}
