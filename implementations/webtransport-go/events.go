package main

import (
	"encoding/json"
	"io"
	"log"
	"sync"
	"time"
)

// fields are those of one event, by their names in the contract; nil is null.
type fields map[string]any

// events prints what the API shows, one JSON object a line, each line in a single write.
//
// Whoever called the API prints at once, on the same goroutine, so the order is the API's.
type events struct {
	mu   sync.Mutex
	out  io.Writer
	last time.Time // when the latest event was printed
}

func newEvents(out io.Writer) *events { return &events{out: out} }

func (e *events) emit(name string, with fields) {
	line := fields{"event": name}
	for key, value := range with {
		line[key] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		log.Fatalf("event %s: %v", name, err) // only values of our own types come here
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = time.Now()
	if _, err := e.out.Write(append(text, '\n')); err != nil {
		log.Fatalf("stdout: %v", err) // nobody listens any more
	}
}

const (
	settledAfter = 20 * time.Millisecond
	settleLimit  = 500 * time.Millisecond
)

// settle returns when nothing was printed for a moment, or after settleLimit.
//
// A goroutine that the API has just woken has no other sign: it may not have run yet.
func (e *events) settle() {
	start := time.Now()
	for idle := time.Duration(0); idle < settledAfter && time.Since(start) < settleLimit; {
		time.Sleep(settledAfter - idle)
		e.mu.Lock()
		idle = time.Since(later(e.last, start))
		e.mu.Unlock()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// orNull is nil for an empty text: the API has no other way to say that there is none.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
