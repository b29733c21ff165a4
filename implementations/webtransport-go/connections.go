package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// connection is a QUIC connection that sessions are dialled on.
//
// Where the library lets it, it stays until the peer or the idle timeout closes it, or until the end.
type connection struct {
	wt   clientConn
	quic *quic.Conn
}

// clientConn asks for sessions.
type clientConn interface {
	Dial(context.Context, string, http.Header) (*http.Response, *webtransport.Session, error)
}

// connections dials, and shares what is to be pooled.
type connections struct {
	settings *settings

	mu     sync.Mutex
	pooled map[string]*pendingConnection
	all    map[*connection]struct{}
}

// pendingConnection is one that several commands may wait for.
type pendingConnection struct {
	ready chan struct{} // closed when the other fields are set
	conn  *connection
	err   error
}

func newConnections(set *settings) *connections {
	return &connections{
		settings: set,
		pooled:   make(map[string]*pendingConnection),
		all:      make(map[*connection]struct{}),
	}
}

// get gives a connection for the command: a new one, or with `pool` one made for the same
// authority, hashes and protocols.
func (cs *connections) get(ctx context.Context, target *url.URL, cmd *command) (*connection, error) {
	if !cmd.Pool || !sharesConnections {
		return cs.dial(ctx, target, cmd)
	}
	cs.mu.Lock()
	key := poolKey(target, cmd)
	pending, found := cs.pooled[key]
	if !found || pending.useless() {
		pending = &pendingConnection{ready: make(chan struct{})}
		cs.pooled[key] = pending
		go func() {
			defer close(pending.ready)
			// Not the command's context, since others wait for it too; the handshake has a timeout.
			pending.conn, pending.err = cs.dial(context.Background(), target, cmd)
		}()
	}
	cs.mu.Unlock()
	select {
	case <-pending.ready:
		return pending.conn, pending.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// useless tells that the connection could not be made or is gone.
func (p *pendingConnection) useless() bool {
	select {
	case <-p.ready:
		return p.err != nil || p.conn.quic.Context().Err() != nil
	default:
		return false
	}
}

func poolKey(target *url.URL, cmd *command) string {
	hashes := slices.Clone(cmd.Hashes)
	slices.SortFunc(hashes, bytes.Compare)
	return strings.Join([]string{
		authority(target), string(bytes.Join(hashes, nil)), strings.Join(cmd.Protocols, "\x00"),
	}, "\x01")
}

func authority(target *url.URL) string {
	port := target.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(target.Hostname(), port)
}

func (cs *connections) dial(ctx context.Context, target *url.URL, cmd *command) (*connection, error) {
	config := quicConfig()
	config.HandshakeIdleTimeout = giveUpAfter + time.Second // so that the command's patience decides
	qconn, err := quic.DialAddr(ctx, authority(target), cs.tlsConfig(cmd.Hashes), config)
	if err != nil {
		return nil, err
	}
	wt, err := newClientConn(cs.settings, qconn, cmd.Protocols)
	if err != nil {
		_ = qconn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		return nil, err
	}
	conn := &connection{wt: wt, quic: qconn}
	cs.mu.Lock()
	cs.all[conn] = struct{}{}
	cs.mu.Unlock()
	context.AfterFunc(qconn.Context(), func() { cs.forget(conn) })
	return conn, nil
}

func (cs *connections) forget(conn *connection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.all, conn)
}

// closeAll ends every connection without an error.
func (cs *connections) closeAll() {
	cs.mu.Lock()
	open := make([]*connection, 0, len(cs.all))
	for conn := range cs.all {
		open = append(open, conn)
	}
	cs.mu.Unlock()
	for _, conn := range open {
		conn.close(http3.ErrCodeNoError, "")
	}
}

func (c *connection) close(code http3.ErrCode, reason string) {
	_ = c.quic.CloseWithError(quic.ApplicationErrorCode(code), reason)
}

// tlsConfig verifies the server by the hashes of its certificate, if any are given, else by WT_CA.
func (cs *connections) tlsConfig(hashes [][]byte) *tls.Config {
	config := &tls.Config{
		NextProtos:   []string{http3.NextProtoH3},
		RootCAs:      cs.settings.roots,
		KeyLogWriter: cs.settings.keyLog,
	}
	if len(hashes) == 0 {
		return config
	}
	config.InsecureSkipVerify = true // VerifyConnection takes its place
	config.VerifyConnection = func(state tls.ConnectionState) error {
		seen := sha256.Sum256(state.PeerCertificates[0].Raw)
		matches := func(hash []byte) bool { return bytes.Equal(hash, seen[:]) }
		if !slices.ContainsFunc(hashes, matches) {
			return errors.New("the server's certificate has none of the hashes given")
		}
		return nil
	}
	return config
}
