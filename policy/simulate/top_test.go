package simulate

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestTop: exact while it holds; afterwards every count is at most the true one, and those that matter are found.
func TestTop(t *testing.T) {
	top, truth := newTop(), map[string]int64{}
	add := func(name string, n int64) {
		top.add(name, n)
		truth[name] += n
	}
	for i := range 20 {
		add(fmt.Sprintf("heavy-%02d", i), int64(1000+i))
	}
	for i := range topKept - 20 {
		add(fmt.Sprintf("light-%05d", i), 1)
	}
	if top.full {
		t.Fatal("it says that it is full, and it is not")
	}
	for i := range topKept {
		add(fmt.Sprintf("more-%05d", i), 1)
	}
	if !top.full || len(top.counts) > topKept {
		t.Errorf("full %v with %d names", top.full, len(top.counts))
	}
	for i, e := range top.most(20) {
		if want := fmt.Sprintf("heavy-%02d", 19-i); e.Episode != want || e.Changes > truth[e.Episode] {
			t.Errorf("place %d is %s with %d, want %s with at most %d", i, e.Episode, e.Changes, want, truth[want])
		}
	}
	encoded, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	read := newTop()
	if err := json.Unmarshal(encoded, read); err != nil || read.full != top.full || len(read.counts) != len(top.counts) {
		t.Errorf("read back: %v", err)
	}
	if err := json.Unmarshal([]byte(`{}`), read); err == nil {
		t.Error("a counter that is not whole was read")
	}
}
