package city

import "testing"

func TestTheFamiliesLoad(t *testing.T) {
	families, err := LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) < 16 {
		t.Errorf("there are %d hand-made families, want the showcase and at least fifteen more", len(families))
	}
}
