package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"
)

// command is one line of stdin. Names are the suite's and opaque; codes are as the API takes them.
type command struct {
	ID  json.RawMessage `json:"id"`
	Cmd string          `json:"cmd"`

	Session string `json:"session"`
	Stream  string `json:"stream"`

	URL       string            `json:"url"`
	Hashes    [][]byte          `json:"hashes"`
	Protocols []string          `json:"protocols"`
	Origin    string            `json:"origin"`
	Headers   map[string]string `json:"headers"`
	Pool      bool              `json:"pool"`
	Echo      *bool             `json:"echo"`
	Read      *bool             `json:"read"`

	Kind   string `json:"kind"`
	Data   []byte `json:"data"`
	Fill   int    `json:"fill"`
	Finish bool   `json:"finish"`
	Code   uint32 `json:"code"`
	Reason string `json:"reason"`
}

// payload is the bytes to send: those given, or the pattern.
func (c *command) payload() []byte {
	if c.Fill > 0 {
		return pattern(c.Fill)
	}
	return c.Data
}

// commandError is a failure of ours, not of the API; kind is what the `error` event calls it.
type commandError struct{ kind, text string }

func (e *commandError) Error() string { return e.text }

var errTimeout = &commandError{"timeout", "gave up after 10 s"}

func unknown(what, name string) error {
	return &commandError{"unknown-" + what, what + " " + name + " is not known"}
}

// readCommands gives each line to handle, until there are no more. A line that does not fit the
// contract is answered by an error and changes nothing.
func readCommands(in io.Reader, out *events, handle func(*command)) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			cmd := new(command)
			if err := json.Unmarshal(line, cmd); err != nil {
				out.fail(cmd, &commandError{"bad-command", err.Error()})
			} else {
				handle(cmd)
			}
		}
		if err != nil {
			return
		}
	}
}

func (e *events) done(cmd *command, result any) {
	e.emit("done", fields{"id": cmd.ID, "result": result})
}

func (e *events) fail(cmd *command, err error) {
	e.emit("error", fields{"id": cmd.ID, "error": err.Error(), "kind": kindOf(err)})
}

// answer ends a command that has no result.
func (e *events) answer(cmd *command, err error) {
	if err != nil {
		e.fail(cmd, err)
		return
	}
	e.done(cmd, nil)
}

// kindOf names the type of an error, as the API calls it.
func kindOf(err error) string {
	var (
		own      *commandError
		stream   *webtransport.StreamError
		session  *webtransport.SessionError
		tooLarge *quic.DatagramTooLargeError
	)
	switch {
	case errors.As(err, &own):
		return own.kind
	case errors.As(err, &stream):
		return "StreamError"
	case errors.As(err, &session):
		return "SessionError"
	case errors.As(err, &tooLarge):
		return "DatagramTooLargeError"
	default:
		return "error"
	}
}

// serial runs jobs one after another in the order they came, without holding up who brings them.
type serial struct {
	mu      sync.Mutex
	jobs    []func()
	running bool
}

func (q *serial) add(job func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, job)
	if !q.running {
		q.running = true
		go q.run()
	}
}

func (q *serial) run() {
	for {
		q.mu.Lock()
		if len(q.jobs) == 0 {
			q.running = false
			q.mu.Unlock()
			return
		}
		job := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		job()
	}
}
