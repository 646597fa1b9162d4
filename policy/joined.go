package policy

import (
	"encoding/binary"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// joined remembers what contributions come to together: a decision depends on nothing but which of them were made, and those of one
// revision come together in few ways. Any number of goroutines may use it; what it gives is shared and never changed.
type joined struct {
	joiner

	mu      sync.RWMutex
	numbers map[string]int
	reasons []Reason
	known   map[string]Decision
}

func newJoined(j joiner) *joined {
	return &joined{joiner: j, numbers: map[string]int{}, known: map[string]Decision{}}
}

// number is the number of a contribution, from its first use on.
func (j *joined) number(contribution *ast.Term) (int, error) {
	key := contribution.String()
	j.mu.Lock()
	defer j.mu.Unlock()
	if number, ok := j.numbers[key]; ok {
		return number, nil
	}
	reason, err := j.reason(contribution)
	if err != nil {
		return 0, err
	}
	j.reasons = append(j.reasons, reason)
	j.numbers[key] = len(j.reasons) - 1
	return len(j.reasons) - 1, nil
}

// of is the decision on a record to which these contributions were made; they come in the order of a Rego set.
func (j *joined) of(numbers []int) Decision {
	var buffer [32]byte
	key := buffer[:0]
	for _, number := range numbers {
		key = binary.AppendVarint(key, int64(number))
	}
	j.mu.RLock()
	decision, ok := j.known[string(key)]
	j.mu.RUnlock()
	if ok {
		return decision
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	reasons := make([]Reason, 0, len(numbers))
	for _, number := range numbers {
		reasons = append(reasons, j.reasons[number])
	}
	decision = j.join(reasons)
	if len(j.known) >= memoLimit {
		clear(j.known)
	}
	j.known[string(key)] = decision
	return decision
}
