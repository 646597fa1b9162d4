package episode

import (
	"testing"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// TestWhenADecisionIsDue uses Coventry's hours: Monday to Thursday 08:30–17:00, Friday 08:30–16:30. The clocks went back to GMT on
// Sunday 25 October 2026.
func TestWhenADecisionIsDue(t *testing.T) {
	long := policy.Hours{Opens: "08:30", Closes: "17:00"}
	hub := policy.Hub{Timezone: "Europe/London", Hours: map[string]policy.Hours{
		"monday": long, "tuesday": long, "wednesday": long, "thursday": long, "friday": {Opens: "08:30", Closes: "16:30"},
	}}
	at := func(s string) time.Time {
		parsed, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for name, c := range map[string]struct {
		clock      policy.Clock
		from, want string
	}{
		"at once":                               {policy.Clock{Hours: new(0)}, "2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"},
		"24 hours over a weekend":               {policy.Clock{Hours: new(24)}, "2026-11-27T16:00:00Z", "2026-11-28T16:00:00Z"},
		"24 hours over the change of clocks":    {policy.Clock{Hours: new(24)}, "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"},
		"4 working hours in one morning":        {policy.Clock{WorkingHours: new(4)}, "2026-11-23T09:00:00Z", "2026-11-23T13:00:00Z"},
		"… before the hub opens":                {policy.Clock{WorkingHours: new(4)}, "2026-11-23T06:00:00Z", "2026-11-23T12:30:00Z"},
		"… to the minute it closes":             {policy.Clock{WorkingHours: new(4)}, "2026-11-23T13:00:00Z", "2026-11-23T17:00:00Z"},
		"… from the minute it closes":           {policy.Clock{WorkingHours: new(4)}, "2026-11-23T17:00:00Z", "2026-11-24T12:30:00Z"},
		"… over a short Friday and the weekend": {policy.Clock{WorkingHours: new(4)}, "2026-11-27T15:30:00Z", "2026-11-30T11:30:00Z"},
		"… on a Sunday":                         {policy.Clock{WorkingHours: new(4)}, "2026-11-22T09:00:00Z", "2026-11-23T12:30:00Z"},
		"24 working hours":                      {policy.Clock{WorkingHours: new(24)}, "2026-11-23T08:30:00Z", "2026-11-25T15:30:00Z"},
		"… in summer time":                      {policy.Clock{WorkingHours: new(4)}, "2026-07-06T07:30:00Z", "2026-07-06T11:30:00Z"},
		"… from summer time into winter":        {policy.Clock{WorkingHours: new(2)}, "2026-10-23T15:00:00Z", "2026-10-26T10:00:00Z"},
		"one working day":                       {policy.Clock{WorkingDays: new(1)}, "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"},
		"… over a weekend":                      {policy.Clock{WorkingDays: new(1)}, "2026-11-27T10:00:00Z", "2026-11-30T10:00:00Z"},
		"… to closing time at the latest":       {policy.Clock{WorkingDays: new(1)}, "2026-11-26T16:50:00Z", "2026-11-27T16:30:00Z"},
		"two working days":                      {policy.Clock{WorkingDays: new(2)}, "2026-11-27T10:00:00Z", "2026-12-01T10:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := due(hub, c.clock, at(c.from))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(at(c.want)) {
				t.Errorf("due %s, want %s", got.Format(time.RFC3339), c.want)
			}
		})
	}
	if got, err := due(hub, policy.Clock{}, at("2026-11-23T10:00:00Z")); got != nil || err != nil {
		t.Errorf("without a clock: %v, %v", got, err)
	}
	for name, broken := range map[string]policy.Hub{
		"no hours":     {Timezone: "Europe/London"},
		"no time zone": {Timezone: "Nowhere/Land", Hours: hub.Hours},
		"bad hours":    {Timezone: "Europe/London", Hours: map[string]policy.Hours{"monday": {Opens: "early", Closes: "late"}}},
	} {
		for _, clock := range []policy.Clock{{WorkingHours: new(1)}, {WorkingDays: new(1)}} {
			if got, err := due(broken, clock, at("2026-11-23T10:00:00Z")); err == nil {
				t.Errorf("%s: due %v, want an error", name, got)
			}
		}
	}
}
