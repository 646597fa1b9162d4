package extract

import (
	"encoding/json"
	"fmt"
	"io"
)

// Writer writes one extract. It refuses to write what Read would refuse to read.
type Writer struct {
	lines *json.Encoder
	check *checker
}

// NewWriter writes the head. The same head and people always give the same bytes.
func NewWriter(w io.Writer, head Head) (*Writer, error) {
	if err := head.check(); err != nil {
		return nil, fmt.Errorf("extract: writing the head: %w", err)
	}
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(headLine{Extract: Version, Organisation: head.Organisation, AsOf: head.AsOf}); err != nil {
		return nil, fmt.Errorf("extract: writing the head: %w", err)
	}
	return &Writer{lines: lines, check: check}, nil
}

// Write adds one person.
func (w *Writer) Write(p Person) error {
	if err := w.check.person(p); err != nil {
		return fmt.Errorf("extract: writing a person: %w", err)
	}
	if err := w.lines.Encode(toLine(p)); err != nil {
		return fmt.Errorf("extract: writing a person: %w", err)
	}
	return nil
}
