package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/http3/qlog"
	"github.com/quic-go/webtransport-go"
)

const (
	roleServer = "server"
	roleClient = "client"
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

// settings is what the environment asks for.
type settings struct {
	role      string
	address   string // server: host:port to bind
	certFile  string
	keyFile   string
	roots     *x509.CertPool // nil: the system's
	keyLog    io.Writer      // nil: none
	dialects  []string       // empty: the implementation's default
	limits    limits
	protocols []string
}

func readSettings() (*settings, error) {
	set := &settings{
		role:      os.Getenv("WT_ROLE"),
		address:   net.JoinHostPort(os.Getenv("WT_HOST"), os.Getenv("WT_PORT")),
		certFile:  os.Getenv("WT_CERT"),
		keyFile:   os.Getenv("WT_KEY"),
		dialects:  strings.Fields(os.Getenv("WT_DIALECTS")),
		protocols: strings.Fields(os.Getenv("WT_PROTOCOLS")),
	}
	if _, ok := dialectsOf[set.role]; !ok {
		return nil, fmt.Errorf("WT_ROLE %q: %w", set.role, errNotOffered)
	}
	if text := os.Getenv("WT_LIMITS"); text != "" {
		if err := json.Unmarshal([]byte(text), &set.limits); err != nil {
			return nil, fmt.Errorf("WT_LIMITS: %w", err)
		}
	}
	if name := os.Getenv("SSLKEYLOGFILE"); name != "" {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("SSLKEYLOGFILE: %w", err)
		}
		set.keyLog = file
	}
	return set, set.readRoots()
}

func (set *settings) readRoots() error {
	name := os.Getenv("WT_CA")
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("WT_CA: %w", err)
	}
	set.roots = x509.NewCertPool()
	if !set.roots.AppendCertsFromPEM(text) {
		return errors.New("WT_CA holds no certificate")
	}
	return nil
}

// dialectOffered tells whether one of the dialects asked for is spoken in this role.
func (set *settings) dialectOffered() bool {
	spoken := func(dialect string) bool { return slices.Contains(dialectsOf[set.role], dialect) }
	return len(set.dialects) == 0 || slices.ContainsFunc(set.dialects, spoken)
}

// quicConfig is the library's default but for what WebTransport requires; QLOGDIR is the tracer's.
func quicConfig() *quic.Config {
	return &quic.Config{
		EnableDatagrams:                  true,
		EnableStreamResetPartialDelivery: true,
		Tracer:                           qlog.DefaultConnectionTracer,
	}
}

func (set *settings) serverTLS() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(set.certFile, set.keyFile)
	if err != nil {
		return nil, fmt.Errorf("WT_CERT and WT_KEY: %w", err)
	}
	return http3.ConfigureTLSConfig(&tls.Config{
		Certificates: []tls.Certificate{certificate},
		KeyLogWriter: set.keyLog,
	}), nil
}
