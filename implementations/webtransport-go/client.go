package main

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/quic-go/webtransport-go"
)

const (
	// giveUpAfter is the contract's patience of `connect` and `open`.
	giveUpAfter = 10 * time.Second
	// linger lets the last close capsules leave before the connections close.
	linger = 100 * time.Millisecond
	// keepNames is how long commands still find a session that is over, and so the API's error.
	keepNames = 10 * time.Second
)

// client does what it is commanded.
type client struct {
	out         *events
	connections *connections
	names       names
	shutdown    context.CancelFunc

	mu       sync.Mutex
	sessions map[string]*clientSession
	streams  map[string]*clientStream
}

// runClient reads commands until `shutdown`, the end of stdin, or the end of ctx.
func runClient(ctx context.Context, set *settings, out *events) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &client{
		out:         out,
		connections: newConnections(set),
		shutdown:    cancel,
		sessions:    make(map[string]*clientSession),
		streams:     make(map[string]*clientStream),
	}
	out.hello(set)
	go c.obey(os.Stdin)
	<-ctx.Done()
	c.closeSessions()
	c.connections.closeAll()
	return nil
}

// obey runs the commands until there are no more.
func (c *client) obey(in io.Reader) {
	readCommands(in, c.out, c.handle)
	c.shutdown()
}

// handle never blocks: what may block runs on a goroutine, in the order of its stream or session.
func (c *client) handle(cmd *command) {
	switch cmd.Cmd {
	case "connect":
		c.connect(cmd)
	case "open":
		c.open(cmd)
	case "write", "finish":
		c.onStream(cmd, c.write)
	case "reset", "stop":
		c.overtaking(cmd)
	case "datagram":
		c.onSession(cmd, c.datagram)
	case "mode":
		c.mode(cmd)
	case "close":
		c.onSession(cmd, c.closeSession)
	case "stats":
		c.onSession(cmd, c.stats)
	case "sync":
		go func() {
			c.out.settle()
			c.out.done(cmd, nil)
		}()
	case "shutdown":
		c.out.done(cmd, nil)
		c.shutdown()
	case "drain":
		c.out.fail(cmd, &commandError{"unsupported", "the API has no drain"})
	default:
		c.out.fail(cmd, unknown("command", cmd.Cmd))
	}
}

// closeSessions closes what is open and gives the capsules time to leave.
func (c *client) closeSessions() {
	c.mu.Lock()
	var closing sync.WaitGroup
	for _, cs := range c.sessions {
		if s := cs.now(); s != nil {
			closing.Go(func() { _ = s.wt.CloseWithError(0, "") })
		}
	}
	c.mu.Unlock()
	closing.Wait()
	time.Sleep(linger)
}

func (c *client) datagram(cmd *command, s *session) {
	c.out.answer(cmd, s.wt.SendDatagram(cmd.payload()))
}

func (c *client) closeSession(cmd *command, s *session) {
	c.out.answer(cmd, s.wt.CloseWithError(webtransport.SessionErrorCode(cmd.Code), cmd.Reason))
}

func (c *client) stats(cmd *command, s *session) {
	known, err := statsOf(s.conn)
	if err != nil {
		c.out.fail(cmd, err)
		return
	}
	c.out.done(cmd, known)
}
