package record

import "log/slog"

// LogValue keeps everything a holder wrote out of logs: a reference, a date or a label may already say who it is about.
func (h Header) LogValue() slog.Value {
	return slog.GroupValue(slog.String("organisation", h.Organisation), slog.String("header", "[redacted]"))
}

// LogValue keeps name and value out of logs.
func (Field) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// LogValue tells how much there was, not what.
func (r Record) LogValue() slog.Value {
	return slog.GroupValue(slog.String("organisation", r.Header.Organisation), slog.Int("fields", len(r.Fields)))
}

// LogValue keeps the value out of logs.
func (m *Malformed) LogValue() slog.Value { return slog.StringValue(m.Error()) }
