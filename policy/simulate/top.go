package simulate

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// topKept is how many names are counted at once: as long as no more than these changed, every count is exact.
const topKept = 4096

// top counts names in bounded memory (the Space-Saving counter of Metwally, Agrawal and El Abbadi, 2005): when it is full, the name
// counted least makes place, and the new one may have had at most that count before. What is certain of a name is its count less that.
type top struct {
	counts map[string]counted
	// full is true once a name had to make place.
	full bool
}

type counted struct {
	Count int64 `json:"count"`
	// Over is by how much the count may be too high.
	Over int64 `json:"over,omitempty"`
}

func newTop() *top { return &top{counts: map[string]counted{}} }

func (t *top) clone() *top { return &top{counts: maps.Clone(t.counts), full: t.full} }

func (t *top) add(name string, n int64) {
	c, known := t.counts[name]
	if !known && len(t.counts) >= topKept {
		least := t.least()
		c = counted{Count: t.counts[least].Count, Over: t.counts[least].Count}
		delete(t.counts, least)
		t.full = true
	}
	c.Count += n
	t.counts[name] = c
}

// least is the name counted least; of several, the first by name, so that runs over the same records keep the same names.
func (t *top) least() string {
	found := ""
	for name, c := range t.counts {
		if at, ok := t.counts[found]; !ok || c.Count < at.Count || c.Count == at.Count && name < found {
			found = name
		}
	}
	return found
}

// Episode is one episode with how many of its decisions change.
type Episode struct {
	Episode string `json:"episode"`
	// Changes is a lower bound where the report says that its list of episodes is not exact.
	Changes int64 `json:"changes"`
}

// most are the n names of which most is certain.
func (t *top) most(n int) []Episode {
	all := make([]Episode, 0, len(t.counts))
	for name, c := range t.counts {
		if certain := c.Count - c.Over; certain > 0 {
			all = append(all, Episode{Episode: name, Changes: certain})
		}
	}
	slices.SortFunc(all, func(a, b Episode) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(a.Episode, b.Episode))
	})
	return all[:min(n, len(all))]
}

// topJSON is a top as JSON.
type topJSON struct {
	Counts map[string]counted `json:"counts"`
	Full   bool               `json:"full"`
}

// MarshalJSON and UnmarshalJSON keep a top in a State.
func (t *top) MarshalJSON() ([]byte, error) {
	return json.Marshal(topJSON{Counts: t.counts, Full: t.full})
}

// UnmarshalJSON refuses one that is not whole.
func (t *top) UnmarshalJSON(data []byte) error {
	var read topJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if read.Counts == nil || len(read.Counts) > topKept {
		return errors.New("simulate: the counter of episodes is not whole")
	}
	t.counts, t.full = read.Counts, read.Full
	return nil
}
