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

	"github.com/quic-go/quic-go/http3"
)

const (
	roleServer = "server"
	roleClient = "client"
)

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
