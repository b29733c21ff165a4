package main

import (
	"context"
	"errors"

	"github.com/quic-go/webtransport-go"
)

// clientStream is a stream that commands may name, from the moment it is asked for.
type clientStream struct {
	owner  string        // the session's name
	queue  serial        // opening and writes keep their order
	opened chan struct{} // closed when the stream is there or could not be opened
	stream *stream       // set before opened closes; nil: it could not
}

// adopt makes a stream of the peer's known to commands.
func (c *client) adopt(st *stream) {
	known := &clientStream{owner: st.session.name, opened: make(chan struct{}), stream: st}
	close(known.opened)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams[st.name] = known
}

// open registers the stream at once, so that writes may queue behind it.
func (c *client) open(cmd *command) {
	cs, err := c.find(cmd.Session)
	if err == nil && cmd.Kind != kindBidi && cmd.Kind != kindUni {
		err = &commandError{"bad-command", "kind is neither uni nor bidi"}
	}
	if err != nil {
		c.out.fail(cmd, err)
		return
	}
	st := &clientStream{owner: cmd.Session, opened: make(chan struct{})}
	c.mu.Lock()
	_, taken := c.streams[cmd.Stream]
	if !taken {
		c.streams[cmd.Stream] = st
	}
	c.mu.Unlock()
	if taken {
		c.out.fail(cmd, &commandError{"bad-command", "the stream's name is taken"})
		return
	}
	st.queue.add(func() { c.openNow(cmd, cs, st) })
}

func (c *client) openNow(cmd *command, cs *clientSession, st *clientStream) {
	defer close(st.opened)
	s, err := cs.established()
	if err != nil {
		c.out.fail(cmd, err)
		return
	}
	ctx, cancel := context.WithTimeout(s.wt.Context(), giveUpAfter)
	defer cancel()
	open := s.openBidi
	if cmd.Kind == kindUni {
		open = s.openUni
	}
	st.stream, err = open(ctx, cmd.Stream)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errTimeout
	}
	c.out.answer(cmd, err)
	if err == nil && st.stream.recv != nil {
		go c.report(st.stream)
	}
}

// onStream runs a command behind those that the stream already has.
func (c *client) onStream(cmd *command, run func(*command, *stream) error) {
	c.onOpened(cmd, run, func(st *clientStream, job func()) { st.queue.add(job) })
}

// overtaking runs a command as soon as the stream is open, past its queued writes.
func (c *client) overtaking(cmd *command) {
	c.onOpened(cmd, abort, func(_ *clientStream, job func()) { go job() })
}

func (c *client) onOpened(
	cmd *command, run func(*command, *stream) error, start func(*clientStream, func()),
) {
	c.mu.Lock()
	st, known := c.streams[cmd.Stream]
	c.mu.Unlock()
	if !known {
		c.out.fail(cmd, unknown("stream", cmd.Stream))
		return
	}
	start(st, func() {
		<-st.opened
		if st.stream == nil {
			c.out.fail(cmd, unknown("stream", cmd.Stream))
			return
		}
		c.out.answer(cmd, run(cmd, st.stream))
	})
}

// write serves `write` and `finish`.
func (c *client) write(cmd *command, st *stream) error {
	if st.send == nil {
		return &commandError{"bad-command", "the stream has no sending side"}
	}
	if cmd.Cmd == "write" {
		if _, err := st.send.Write(cmd.payload()); err != nil {
			return err
		}
	}
	if cmd.Cmd == "finish" || cmd.Finish {
		return st.send.Close()
	}
	return nil
}

// abort serves `reset` and `stop`.
func abort(cmd *command, st *stream) error {
	code := webtransport.StreamErrorCode(cmd.Code)
	switch {
	case cmd.Cmd == "reset" && st.send != nil:
		st.send.CancelWrite(code)
	case cmd.Cmd == "stop" && st.recv != nil:
		st.recv.CancelRead(code)
	default:
		return &commandError{"bad-command", "the stream has no such side"}
	}
	return nil
}
