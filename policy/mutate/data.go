package mutate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// dataMutations change each value of the data that decides something: an effect, number, date, switch or code to another one, and
// each list by one element less.
func dataMutations(pack *policy.Pack) []Mutation {
	var mutations []Mutation
	for _, file := range slices.Sorted(maps.Keys(pack.Data())) {
		walk(pack.Data()[file], []string{file}, func(path []string, change string, to any) {
			mutations = append(mutations, Mutation{
				File: "data/" + file + ".yaml", Path: strings.Join(path[1:], "."), Change: change,
				apply: func(pack *policy.Pack) *policy.Pack {
					data := maps.Clone(pack.Data())
					data[file] = replaced(data[file], path[1:], to)
					return pack.WithData(data)
				},
			})
		})
	}
	return mutations
}

// walk visits every mutation of a value; `to` is what to put at the path.
func walk(value any, path []string, visit func(path []string, change string, to any)) {
	if words(path) {
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			walk(value[key], append(slices.Clone(path), key), visit)
		}
	case []any:
		for i, item := range value {
			at := append(slices.Clone(path), strconv.Itoa(i))
			if _, scalar := item.(string); !scalar {
				walk(item, at, visit)
			}
			if !words(at) {
				visit(path, fmt.Sprintf("element %d (%s) removed", i, brief(item)), slices.Delete(slices.Clone(value), i, i+1))
			}
		}
	default:
		if to, ok := another(value); ok {
			visit(path, fmt.Sprintf("%v instead of %v", to, value), to)
		}
	}
}

// another is a scalar that is not this one, of its own kind where it has one.
func another(value any) (any, bool) {
	switch value := value.(type) {
	case bool:
		return !value, true
	case json.Number:
		n, err := value.Int64()
		return json.Number(strconv.FormatInt(n+1, 10)), err == nil
	case string:
		if effect, ok := otherEffect[policy.Effect(value)]; ok {
			return string(effect), true
		}
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			return day.AddDate(0, 0, 1).Format(time.DateOnly), true
		}
		return value + "_mutated", true
	}
	return nil, false
}

// otherEffect is an effect that would still be a sound one in the same place.
var otherEffect = map[policy.Effect]policy.Effect{
	policy.Deny: policy.Permit, policy.Permit: policy.Deny, policy.Review: policy.Permit, policy.Exist: policy.Permit, policy.Redact: policy.Exist,
}

// replaced is the value with something else at the path; what it was made from stays as it is.
func replaced(value any, path []string, to any) any {
	if len(path) == 0 {
		return to
	}
	switch value := value.(type) {
	case map[string]any:
		changed := maps.Clone(value)
		changed[path[0]] = replaced(value[path[0]], path[1:], to)
		return changed
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(value) {
			return value
		}
		changed := slices.Clone(value)
		changed[i] = replaced(value[i], path[1:], to)
		return changed
	}
	return value
}

func brief(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil || len(encoded) > 60 {
		return "…"
	}
	return string(encoded)
}
