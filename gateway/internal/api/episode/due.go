package episode

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// due is when a decision is due under a clock of the hub: in hours, in hours of the hub's working time, or in working days ("dates and
// days are Europe/London", domain.md 1). Nil where the clock says nothing.
func due(hub policy.Hub, clock policy.Clock, from time.Time) (*time.Time, error) {
	zone, err := time.LoadLocation(hub.Timezone)
	if err != nil {
		return nil, fmt.Errorf("the hub's time zone: %w", err)
	}
	switch {
	case clock.Hours != nil:
		at := from.Add(time.Duration(*clock.Hours) * time.Hour)
		return &at, nil
	case clock.WorkingHours != nil:
		return worked(hub, from.In(zone), time.Duration(*clock.WorkingHours)*time.Hour)
	case clock.WorkingDays != nil:
		return workingDays(hub, from.In(zone), *clock.WorkingDays)
	}
	return nil, nil //nolint:nilnil // no clock, nothing is due: both are in order
}

// horizon ends the search in a hub that never opens.
const horizon = 366

// worked walks over the hub's office hours until the time is used up.
func worked(hub policy.Hub, from time.Time, left time.Duration) (*time.Time, error) {
	for day := range horizon {
		opens, closes, open, err := officeHours(hub, from.AddDate(0, 0, day))
		if err != nil {
			return nil, err
		}
		if !open || !closes.After(from) {
			continue
		}
		if opens.Before(from) {
			opens = from
		}
		if today := closes.Sub(opens); left > today {
			left -= today
			continue
		}
		at := opens.Add(left).UTC()
		return &at, nil
	}
	return nil, errors.New("the hub has no office hours")
}

// workingDays ends at the same time of day, or at closing time, of the working day that many days on.
func workingDays(hub policy.Hub, from time.Time, days int) (*time.Time, error) {
	for day := 1; day <= horizon; day++ {
		_, closes, open, err := officeHours(hub, from.AddDate(0, 0, day))
		if err != nil {
			return nil, err
		}
		if !open {
			continue
		}
		if days--; days > 0 {
			continue
		}
		at := from.AddDate(0, 0, day)
		if at.After(closes) {
			at = closes
		}
		at = at.UTC()
		return &at, nil
	}
	return nil, errors.New("the hub has no working days")
}

func officeHours(hub policy.Hub, day time.Time) (opens, closes time.Time, open bool, err error) {
	hours, open := hub.Hours[strings.ToLower(day.Weekday().String())]
	if !open {
		return opens, closes, false, nil
	}
	if opens, err = onDay(day, hours.Opens); err != nil {
		return opens, closes, false, err
	}
	closes, err = onDay(day, hours.Closes)
	return opens, closes, true, err
}

func onDay(day time.Time, clock string) (time.Time, error) {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return time.Time{}, fmt.Errorf("the hub's hours: %w", err)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, day.Location()), nil
}
