package history

import (
	"iter"
	"sync"
)

// A batch is handed to one goroutine, which opens a request once for all its records: it ends with a request where it can.
const (
	fewestAhead = 8
	mostAhead   = 32
)

// Ahead decides records on several goroutines and gives what came of them in the order of the records, so that a caller sees what it
// would see of one. Records are taken by the caller's own goroutine, a bounded few before their turn; the error that one comes with is
// decide's to judge. When the caller stops, what was begun is finished first. A panic in decide is the caller's.
func Ahead[T any](records iter.Seq2[Record, error], workers int, decide func(*Decider, Record, error) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		var working sync.WaitGroup
		defer working.Wait()
		a := ahead[T]{work: make(chan *batch[T], 2*workers), yield: yield}
		defer close(a.work)
		for range workers {
			working.Go(func() {
				var decider Decider
				for b := range a.work {
					b.decide(&decider, decide)
				}
			})
		}
		next := &batch[T]{}
		for record, err := range records {
			if next.ends(record) {
				a.start(next)
				if !a.give(2*workers - 1) {
					return
				}
				next = &batch[T]{}
			}
			next.records, next.errs = append(next.records, record), append(next.errs, err)
		}
		a.start(next)
		a.give(0)
	}
}

// ahead are the batches begun, in order.
type ahead[T any] struct {
	work  chan *batch[T]
	begun []*batch[T]
	yield func(T) bool
}

func (a *ahead[T]) start(b *batch[T]) {
	b.done = make(chan struct{})
	a.begun = append(a.begun, b)
	a.work <- b
}

// give hands over what came of the first batches until only so many are left; false when the caller wants no more.
func (a *ahead[T]) give(left int) bool {
	for ; len(a.begun) > left; a.begun = a.begun[1:] {
		first := a.begun[0]
		<-first.done
		if first.panicked != nil {
			panic(first.panicked)
		}
		for _, one := range first.decided {
			if !a.yield(one) {
				return false
			}
		}
	}
	return true
}

// batch is some records that follow one another.
type batch[T any] struct {
	records  []Record
	errs     []error
	done     chan struct{}
	decided  []T
	panicked any
}

func (b *batch[T]) ends(next Record) bool {
	n := len(b.records)
	return n >= mostAhead || n >= fewestAhead && b.records[n-1].Request != next.Request
}

func (b *batch[T]) decide(d *Decider, decide func(*Decider, Record, error) T) {
	defer close(b.done)
	defer func() { b.panicked = recover() }()
	b.decided = make([]T, 0, len(b.records))
	for i, record := range b.records {
		b.decided = append(b.decided, decide(d, record, b.errs[i]))
	}
}
