//go:build webtransport0.10 || webtransport0.11

package main

import (
	"context"
	"crypto/tls"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// sharesConnections: a Dialer makes a connection for each session.
const sharesConnections = false

var releaseLacks map[string][]string

// limits has no field: the library offers none to set.
type limits struct{}

func newServer(set *settings) *webtransport.Server {
	h3 := &http3.Server{ConnContext: withConnection}
	webtransport.ConfigureHTTP3Server(h3)
	return &webtransport.Server{H3: h3, ApplicationProtocols: set.protocols}
}

// newClientConn makes the Dialer take the connection that is there. The Dialer closes it the moment
// its session ends, so that a close capsule of ours may be lost: the API has no other way.
func newClientConn(_ *settings, conn *quic.Conn, protocols []string) (clientConn, error) {
	return &webtransport.Dialer{
		QUICConfig:           quicConfig(),
		ApplicationProtocols: protocols,
		DialAddr: func(context.Context, string, *tls.Config, *quic.Config) (*quic.Conn, error) {
			return conn, nil
		},
	}, nil
}

// tellRefusal has nothing to do: the Dialer closes the connection.
func (c *connection) tellRefusal(error) {}
