package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"
)

const (
	allowedOrigin      = "https://allowed.test"
	availableProtocols = "WT-Available-Protocols"
)

// server answers by path; see applications for what each does.
type server struct {
	wt    *webtransport.Server
	out   *events
	names names
}

// runServer serves until ctx is done.
func runServer(ctx context.Context, set *settings, out *events) error {
	tlsConfig, err := set.serverTLS()
	if err != nil {
		return err
	}
	socket, err := net.ListenPacket("udp", set.address)
	if err != nil {
		return err
	}
	defer socket.Close()

	srv := &server{out: out}
	srv.wt = newServer(set)
	srv.wt.CheckOrigin = func(*http.Request) bool { return true } // /origin checks for itself
	srv.wt.H3.TLSConfig = tlsConfig
	srv.wt.H3.QUICConfig = quicConfig()
	srv.wt.H3.Handler = srv
	out.hello(set)

	served := make(chan error, 1)
	go func() { served <- srv.wt.Serve(socket) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return srv.wt.Close()
	}
}

type connectionKey struct{}

// withConnection keeps the QUIC connection, which a Session does not show.
func withConnection(ctx context.Context, conn *quic.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

func (srv *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, known := routes[r.URL.Path]
	switch {
	case !known, r.Method != http.MethodConnect:
		w.WriteHeader(http.StatusNotFound)
		return
	case !slices.Contains(tokens, r.Proto):
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if status := route.refusal(r, query); status != 0 {
		if status == http.StatusNotImplemented {
			w.Header().Set("wtspec", "not-offered")
		}
		w.WriteHeader(status)
		return
	}
	app := route.application(query)
	if query.err != nil {
		http.Error(w, query.err.Error(), http.StatusBadRequest)
		return
	}
	srv.accept(w, r, route.negotiates, app)
}

// accept establishes the session and runs the application until the session is over.
func (srv *server) accept(w http.ResponseWriter, r *http.Request, negotiates bool, app application) {
	headers := flatten(r.Header)
	if !negotiates {
		// The library's list of protocols holds for all paths; without an offer it picks none.
		r.Header.Del(availableProtocols)
	}
	wt, err := srv.wt.Upgrade(w, r)
	if err != nil {
		// Upgrade has written no status.
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s := &session{
		name:    srv.names.session(),
		wt:      wt,
		conn:    r.Context().Value(connectionKey{}).(*quic.Conn),
		out:     srv.out,
		reading: new(gate),
		names:   &srv.names,
	}
	srv.out.emit("session", fields{
		"session":  s.name,
		"path":     r.URL.RequestURI(),
		"origin":   orNull(r.Header.Get("Origin")),
		"headers":  headers,
		"protocol": orNull(protocolOf(wt)),
	})
	s.serve(app)
}

// flatten gives the contract's shape to headers: lower-case names, one text each.
func flatten(headers http.Header) map[string]string {
	flat := make(map[string]string, len(headers))
	for name, values := range headers {
		flat[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return flat
}

// originAllowed is the check of /origin.
func originAllowed(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return !slices.ContainsFunc(origins, func(origin string) bool { return origin != allowedOrigin })
}
