package policy

import "log/slog"

// What people wrote in their own words, and who they are, stays out of logs; so do the facts about a family.

// LogValue tells the hub, the basis and how much there was.
func (in Input) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("hub", in.Hub), slog.String("basis", in.Episode.Basis),
		slog.Int("subjects", len(in.Subjects)), slog.Int("organisations", len(in.Organisations)),
	)
}

// LogValue redacts.
func (Requester) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (Episode) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (Override) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (BreakGlass) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (ConsentPosition) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (Subject) LogValue() slog.Value { return redactedValue() }

// LogValue redacts.
func (Consent) LogValue() slog.Value { return redactedValue() }

// LogValue keeps a request's input out of logs.
func (q *Request) LogValue() slog.Value { return q.input.LogValue() }

func redactedValue() slog.Value { return slog.StringValue("[redacted]") }
