package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// application decides what becomes of a session and of the peer's traffic in it.
//
// bidi and uni run on a goroutine of their own for each stream.
type application struct {
	start    func(*session)         // after the session is established; nil: nothing to do
	bidi     func(*stream)          // an incoming bidirectional stream
	uni      func(*stream)          // an incoming unidirectional stream
	datagram func(*session, []byte) // nil: datagrams are not read
}

// session is an established session in either role.
type session struct {
	name    string
	wt      *webtransport.Session
	conn    *quic.Conn
	out     *events
	reading *gate
	names   *names
	adopted func(*stream) // told of each incoming stream before its event; nil: nobody is
}

// names hands out names that are unique within the process.
type names struct{ last atomic.Int64 }

// stream names one that no command opened: the mark keeps it apart from the suite's names.
func (n *names) stream() string { return fmt.Sprintf("~%d", n.last.Add(1)) }

func (n *names) session() string { return fmt.Sprintf("s%d", n.last.Add(1)) }

// serve runs the application and returns when the session is over and `closed` is printed.
func (s *session) serve(app application) {
	go s.acceptBidi(app.bidi)
	if app.datagram != nil {
		go s.receiveDatagrams(app.datagram)
	}
	if app.start != nil {
		go app.start(s)
	}
	s.reportClosed(s.acceptUni(app.uni))
}

func (s *session) acceptBidi(take func(*stream)) {
	for {
		str, err := s.wt.AcceptStream(context.Background())
		if err != nil {
			return
		}
		s.take(s.bidi(s.names.stream(), str), take)
	}
}

// acceptUni returns the error that the session ended with.
func (s *session) acceptUni(take func(*stream)) error {
	for {
		str, err := s.wt.AcceptUniStream(context.Background())
		if err != nil {
			return err
		}
		s.take(s.incomingUni(s.names.stream(), str), take)
	}
}

// take announces an incoming stream before the next one is accepted, then lets the application run.
func (s *session) take(st *stream, run func(*stream)) {
	if s.adopted != nil {
		s.adopted(st)
	}
	st.announce("peer")
	go run(st)
}

func (s *session) receiveDatagrams(take func(*session, []byte)) {
	for {
		s.reading.await(s.wt.Context())
		data, err := s.wt.ReceiveDatagram(s.wt.Context())
		if err != nil {
			return
		}
		s.out.emit("datagram", fields{"session": s.name, "data": data})
		take(s, data)
	}
}

// reportClosed prints how the session ended, as far as the error tells.
func (s *session) reportClosed(err error) {
	event := fields{"session": s.name, "code": nil, "reason": nil, "by": nil, "clean": false}
	var closed *webtransport.SessionError
	switch {
	case errors.As(err, &closed):
		event["code"] = closed.ErrorCode
		event["reason"] = closed.Message
		event["clean"] = true
		event["by"] = "local"
		if closed.Remote {
			event["by"] = "peer"
		}
	case s.isLost(err):
		event["by"] = "transport"
	default: // the CONNECT stream ended without a capsule, by whomever
		log.Printf("session %s: %v", s.name, err)
	}
	s.out.emit("closed", event)
}

// isOver tells whether a stream's error is that of its session.
func (s *session) isOver(err error) bool {
	var closed *webtransport.SessionError
	var violation *http3.Error
	return errors.As(err, &closed) || errors.As(err, &violation) || s.isLost(err) || s.endsUnnamed()
}

// isLost tells whether the error means that the connection is gone.
//
// A session whose CONNECT stream died with the connection gives an *http3.Error that hides the
// reason. The connection's context ends in the same breath: hence the short grace.
func (s *session) isLost(err error) bool {
	var (
		application *quic.ApplicationError
		transport   *quic.TransportError
		idle        *quic.IdleTimeoutError
		reset       *quic.StatelessResetError
		violation   *http3.Error
	)
	switch {
	case errors.As(err, &application), errors.As(err, &transport),
		errors.As(err, &idle), errors.As(err, &reset):
		return true
	case errors.As(err, &violation):
		select {
		case <-s.conn.Context().Done():
			return true
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// openBidi and openUni open a stream and announce it; they wait for credit until ctx is done.
func (s *session) openBidi(ctx context.Context, name string) (*stream, error) {
	str, err := s.wt.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	st := s.bidi(name, str)
	st.announce("local")
	return st, nil
}

func (s *session) openUni(ctx context.Context, name string) (*stream, error) {
	str, err := s.wt.OpenUniStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	st := s.outgoingUni(name, str)
	st.announce("local")
	return st, nil
}

// gate holds back reading while it is shut. The zero value is open.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // closed when the gate opens; nil while it is open
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case open && g.shut != nil:
		close(g.shut)
		g.shut = nil
	case !open && g.shut == nil:
		g.shut = make(chan struct{})
	}
}

// await returns when the gate is open or ctx is done.
func (g *gate) await(ctx context.Context) {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut == nil {
		return
	}
	select {
	case <-shut:
	case <-ctx.Done():
	}
}
