package extract

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Reader reads one extract, once.
type Reader struct {
	head  Head
	lines *bufio.Scanner
	line  int
	check *checker
}

// Read reads the head and makes ready to read the people.
func Read(r io.Reader) (*Reader, error) {
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	reader := &Reader{lines: bufio.NewScanner(r), check: check}
	reader.lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	line, err := reader.next()
	if err != nil {
		return nil, err
	}
	if line == nil {
		return nil, errors.New("extract: it is empty: the head is missing")
	}
	var head headLine
	if err := decodeStrict(line, &head); err != nil {
		return nil, reader.at(err)
	}
	if head.Extract != Version {
		return nil, reader.at(fmt.Errorf("extract is %d: this program reads version %d", head.Extract, Version))
	}
	reader.head = Head{Organisation: head.Organisation, AsOf: head.AsOf}
	if err := reader.head.check(); err != nil {
		return nil, reader.at(err)
	}
	return reader, nil
}

// Head is what the first line said.
func (r *Reader) Head() Head { return r.head }

// People yields each person once, in order. After an error it yields nothing more.
func (r *Reader) People() iter.Seq2[Person, error] {
	return func(yield func(Person, error) bool) {
		for {
			p, more, err := r.person()
			if err != nil {
				yield(Person{}, err)
				return
			}
			if !more || !yield(p, nil) {
				return
			}
		}
	}
}

func (r *Reader) person() (Person, bool, error) {
	text, err := r.next()
	if err != nil || text == nil {
		return Person{}, false, err
	}
	var line personLine
	if err := decodeStrict(text, &line); err != nil {
		return Person{}, false, r.at(err)
	}
	p := line.person()
	if err := r.check.person(p); err != nil {
		return Person{}, false, r.at(err)
	}
	return p, true, nil
}

// next returns the next line that is not blank, or nil at the end.
func (r *Reader) next() ([]byte, error) {
	for r.lines.Scan() {
		r.line++
		if text := bytes.TrimSpace(r.lines.Bytes()); len(text) > 0 {
			return text, nil
		}
	}
	if err := r.lines.Err(); err != nil {
		return nil, fmt.Errorf("extract: after line %d: %w", r.line, err)
	}
	return nil, nil
}

func (r *Reader) at(err error) error { return fmt.Errorf("extract: line %d: %w", r.line, err) }
