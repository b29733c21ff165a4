//go:build webtransport0.9

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/webtransport-go"
)

const (
	name = "webtransport-go-0.9"
	// sharesConnections: a Dialer makes a connection for each session.
	sharesConnections = false
)

// dialectsOf: it sends 0x2b603742 and the version headers of draft 02, which 03 to 05 kept.
var dialectsOf = map[string][]string{
	roleServer: {"h3-02"},
	roleClient: {"h3-02"},
}

var tokens = []string{"webtransport"}

var releaseFeatures map[string][]string

var releaseLacks = map[string][]string{
	roleServer: {"/protocols"},
	roleClient: {"stats"},
}

// limits has no field: the library offers none to set.
type limits struct{}

// quicConfig is the library's default but for what WebTransport requires; QLOGDIR is the tracer's.
func quicConfig() *quic.Config {
	return &quic.Config{EnableDatagrams: true, Tracer: qlog.DefaultConnectionTracer}
}

func newServer(*settings) *webtransport.Server {
	return &webtransport.Server{H3: http3.Server{ConnContext: withConnection}}
}

// newClientConn makes the Dialer take the connection that is there.
func newClientConn(_ *settings, conn *quic.Conn, _ []string) (clientConn, error) {
	return &webtransport.Dialer{
		QUICConfig: quicConfig(),
		DialAddr: func(context.Context, string, *tls.Config, *quic.Config) (*quic.Conn, error) {
			return conn, nil
		},
	}, nil
}

// tellRefusal has nothing to do: the library knows no code for what a server lacks.
func (c *connection) tellRefusal(error) {}

func protocolOf(*webtransport.Session) string { return "" }

func statsOf(*quic.Conn) (map[string]any, error) {
	return nil, &commandError{"unsupported", "the API has no stats"}
}

// endsUnnamed tells whether the session ends in the same breath: its streams' errors do not say so.
func (s *session) endsUnnamed() bool {
	select {
	case <-s.wt.Context().Done():
		return true
	case <-time.After(20 * time.Millisecond):
		return false
	}
}

// withContext gives a sending side the context that later releases have. The library shows that the
// peer asked to stop at the next write only.
type withContext struct {
	half
	ctx context.Context
	end context.CancelCauseFunc
}

// half is a sending side of this release.
type half interface {
	Write([]byte) (int, error)
	CancelWrite(webtransport.StreamErrorCode)
	Close() error
}

func watched(s *session, send half) sender {
	ctx, end := context.WithCancelCause(s.wt.Context())
	return &withContext{send, ctx, end}
}

func (w *withContext) Context() context.Context { return w.ctx }

func (w *withContext) Write(data []byte) (int, error) {
	n, err := w.half.Write(data)
	var stop *webtransport.StreamError
	if errors.As(err, &stop) {
		w.end(&quic.StreamError{Remote: stop.Remote})
	}
	return n, err
}

func (w *withContext) CancelWrite(code webtransport.StreamErrorCode) {
	w.half.CancelWrite(code)
	w.end(nil)
}

func (w *withContext) Close() error {
	defer w.end(nil)
	return w.half.Close()
}
