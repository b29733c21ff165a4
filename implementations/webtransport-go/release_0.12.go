//go:build !webtransport0.9 && !webtransport0.10 && !webtransport0.11

package main

import (
	"errors"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

const (
	name              = "webtransport-go"
	sharesConnections = true
)

// dialectsOf lists what the library speaks. It offers no choice: all of them are always in force.
//
// Its README says draft-16, which cannot be told from draft-15 before something goes wrong. The
// server also sends 0x14e9cd29 for Safari's sake, naming draft-14, and takes the older upgrade
// token. It sends 0x2b603742 too "for older clients", but the version headers that drafts 02 to 05
// require went with release 0.10, and 0xc671706a (07 to 12) it does not send: none of those is
// spoken, however well a browser gets along.
var dialectsOf = map[string][]string{
	roleServer: {"h3-16", "h3-15", "h3-14"},
	roleClient: {"h3-16", "h3-15"},
}

// tokens are those that Upgrade takes.
var tokens = []string{"webtransport-h3", "webtransport"}

var releaseFeatures = map[string][]string{
	roleServer: {"protocols", "flow-control"},
	roleClient: {"protocols", "flow-control", "pooling", "stats"},
}

var releaseLacks map[string][]string

// limits are the keys of WT_LIMITS that the library can honour. Nil: its default.
//
// It has no limit of sessions: one on a connection without flow control, any number with.
type limits struct {
	MaxData        *int64 `json:"initial_max_data,omitempty"`
	MaxStreamsUni  *int64 `json:"initial_max_streams_uni,omitempty"`
	MaxStreamsBidi *int64 `json:"initial_max_streams_bidi,omitempty"`
}

// config translates the limits: webtransport.Config leaves out what is 0 and sends a zero for -1.
func (l limits) config() *webtransport.Config {
	return &webtransport.Config{
		MaxIncomingData:       configured(l.MaxData),
		MaxIncomingUniStreams: configured(l.MaxStreamsUni),
		MaxIncomingStreams:    configured(l.MaxStreamsBidi),
	}
}

func configured(limit *int64) int64 {
	switch {
	case limit == nil:
		return 0
	case *limit == 0:
		return -1
	default:
		return *limit
	}
}

func newServer(set *settings) *webtransport.Server {
	return &webtransport.Server{
		H3:                   &http3.Server{ConnContext: withConnection},
		Config:               set.limits.config(),
		ApplicationProtocols: set.protocols,
	}
}

// newClientConn is not by webtransport.Transport.Dial, which would close the connection the moment
// its session ends, and lose the close capsule.
func newClientConn(set *settings, conn *quic.Conn, protocols []string) (clientConn, error) {
	transport := &webtransport.Transport{
		Config:               set.limits.config(),
		ApplicationProtocols: protocols,
	}
	return transport.NewClientConn(conn)
}

// tellRefusal closes the connection to a server that lacks what the drafts require: the library
// leaves that to the connection's owner.
func (c *connection) tellRefusal(err error) {
	var unmet *webtransport.RequirementsNotMetError
	if errors.As(err, &unmet) {
		c.close(http3.ErrCode(webtransport.WTRequirementsNotMetErrorCode), unmet.Message)
	}
}
