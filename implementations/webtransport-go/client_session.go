package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// clientSession is a session that a command asked for, from that moment on.
type clientSession struct {
	name    string
	queue   serial // datagrams keep their order
	echo    atomic.Bool
	reading gate
	ready   chan struct{} // closed when the session is established or refused
	session *session      // set before ready closes; nil: refused
}

// established waits until the outcome is known.
func (cs *clientSession) established() (*session, error) {
	<-cs.ready
	if cs.session == nil {
		return nil, unknown("session", cs.name)
	}
	return cs.session, nil
}

// now is the established session, or nil.
func (cs *clientSession) now() *session {
	select {
	case <-cs.ready:
		return cs.session
	default:
		return nil
	}
}

func (cs *clientSession) set(cmd *command) {
	if cmd.Echo != nil {
		cs.echo.Store(*cmd.Echo)
	}
	if cmd.Read != nil {
		cs.reading.set(*cmd.Read)
	}
}

func (c *client) connect(cmd *command) {
	cs := &clientSession{name: cmd.Session, ready: make(chan struct{})}
	cs.set(cmd)
	c.mu.Lock()
	_, taken := c.sessions[cmd.Session]
	if !taken {
		c.sessions[cmd.Session] = cs
	}
	c.mu.Unlock()
	if taken {
		c.out.fail(cmd, &commandError{"bad-command", "the session's name is taken"})
		return
	}
	go c.establish(cmd, cs)
}

// establish ends in `session` and `done`, in `refused`, or in an error of kind timeout.
func (c *client) establish(cmd *command, cs *clientSession) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUpAfter)
	defer cancel()
	outcome := make(chan *dialled, 1)
	// On its own goroutine, since the library waits for the response whatever the context says.
	go func() { outcome <- c.dial(ctx, cmd) }()
	select {
	case result := <-outcome:
		c.settle(cmd, cs, result)
	case <-ctx.Done():
		c.settle(cmd, cs, &dialled{err: errTimeout})
		go func() { (<-outcome).abandon() }()
	}
}

// settle reports the outcome and, of an established session, runs it to its end.
func (c *client) settle(cmd *command, cs *clientSession, result *dialled) {
	defer c.forget(cs)
	if result.err != nil {
		c.refuse(cmd, result)
		close(cs.ready)
		return
	}
	s := &session{
		name: cs.name, wt: result.session, conn: result.conn.quic, out: c.out,
		reading: &cs.reading, names: &c.names, adopted: c.adopt,
	}
	cs.session = s
	c.out.emit("session", fields{
		"session":  cs.name,
		"status":   result.response.StatusCode,
		"protocol": orNull(protocolOf(s.wt)),
	})
	c.out.done(cmd, nil)
	close(cs.ready)
	s.serve(c.application(cs))
}

func (c *client) refuse(cmd *command, result *dialled) {
	if errors.Is(result.err, errTimeout) || errors.Is(result.err, context.DeadlineExceeded) {
		c.out.fail(cmd, errTimeout)
		return
	}
	var status any
	if result.response != nil {
		status = result.response.StatusCode
	}
	c.out.emit("refused", fields{
		"id": cmd.ID, "session": cmd.Session, "status": status, "error": result.err.Error(),
	})
}

// forget drops a session's names some time after its end.
func (c *client) forget(cs *clientSession) {
	time.AfterFunc(keepNames, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sessions[cs.name] == cs {
			delete(c.sessions, cs.name)
		}
		for name, st := range c.streams {
			if st.owner == cs.name {
				delete(c.streams, name)
			}
		}
	})
}

// application reads and reports, or behaves as the server's /echo, as the mode says when a stream
// or a datagram arrives.
func (c *client) application(cs *clientSession) application {
	return application{
		bidi: c.choose(cs, echoBidi),
		uni:  c.choose(cs, echoUni),
		datagram: func(s *session, data []byte) {
			if cs.echo.Load() {
				echoDatagram(s, data)
			}
		},
	}
}

func (c *client) choose(cs *clientSession, echo func(*stream)) func(*stream) {
	return func(st *stream) {
		if cs.echo.Load() {
			echo(st)
			return
		}
		c.report(st)
	}
}

// report reads a stream in the default mode.
func (c *client) report(st *stream) {
	st.consume(func(piece []byte) {
		c.out.emit("data", fields{"stream": st.name, "data": piece})
	})
}

func (c *client) find(name string) (*clientSession, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cs, known := c.sessions[name]
	if !known {
		return nil, unknown("session", name)
	}
	return cs, nil
}

// onSession runs a command when its session is established.
func (c *client) onSession(cmd *command, run func(*command, *session)) {
	cs, err := c.find(cmd.Session)
	if err != nil {
		c.out.fail(cmd, err)
		return
	}
	job := func() {
		s, err := cs.established()
		if err != nil {
			c.out.fail(cmd, err)
			return
		}
		run(cmd, s)
	}
	if cmd.Cmd == "datagram" {
		cs.queue.add(job)
		return
	}
	go job() // not behind datagrams that wait for room
}

func (c *client) mode(cmd *command) {
	cs, err := c.find(cmd.Session)
	if err == nil {
		cs.set(cmd)
	}
	c.out.answer(cmd, err)
}
