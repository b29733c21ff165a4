//go:build !webtransport0.9

package main

import (
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3/qlog"
	"github.com/quic-go/webtransport-go"
)

// quicConfig is the library's default but for what WebTransport requires; QLOGDIR is the tracer's.
func quicConfig() *quic.Config {
	return &quic.Config{
		EnableDatagrams:                  true,
		EnableStreamResetPartialDelivery: true,
		Tracer:                           qlog.DefaultConnectionTracer,
	}
}

func protocolOf(wt *webtransport.Session) string { return wt.SessionState().ApplicationProtocol }

// watched is the sending side as the library has it, with a context that tells its end.
func watched(_ *session, send sender) sender { return send }

// endsUnnamed: these releases name the session's end in the errors of its streams.
func (s *session) endsUnnamed() bool { return false }

// statsOf is what quic-go knows of the connection; it shows no datagram size.
func statsOf(conn *quic.Conn) (map[string]any, error) {
	known := conn.ConnectionStats()
	return map[string]any{
		"min_rtt_ms":       float64(known.MinRTT) / float64(time.Millisecond),
		"smoothed_rtt_ms":  float64(known.SmoothedRTT) / float64(time.Millisecond),
		"bytes_sent":       known.BytesSent,
		"packets_sent":     known.PacketsSent,
		"bytes_received":   known.BytesReceived,
		"packets_received": known.PacketsReceived,
		"packets_lost":     known.PacketsLost,
	}, nil
}
