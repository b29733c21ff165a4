package main

import (
	"context"
	"log"
	"time"

	"github.com/quic-go/webtransport-go"
)

const (
	// echoedUniLimit bounds what is kept of one unidirectional stream before it is returned.
	echoedUniLimit = 16 << 20
	// overLimit is the contract's code for stopping a longer one.
	overLimit = 1
	// deliveryTime stands in for "delivered", which the API does not tell.
	deliveryTime = 200 * time.Millisecond
)

func ignore([]byte) {}

func ignoreDatagram(*session, []byte) {}

// pattern is n bytes of i % 251.
func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i % 251)
	}
	return data
}

func echo() application {
	return application{bidi: echoBidi, uni: echoUni, datagram: echoDatagram}
}

// echoBidi returns the bytes as they come, then FIN for FIN, reset for reset and stop for stop.
func echoBidi(st *stream) {
	go func() {
		<-st.sendOver
		if st.stopped != nil {
			st.recv.CancelRead(*st.stopped)
		}
	}()
	end := st.consume(func(piece []byte) {
		_, _ = st.send.Write(piece) // a failure shows as `stopped`, or as the end of the session
	})
	switch end.how {
	case byFin:
		_ = st.send.Close()
	case byReset:
		st.send.CancelWrite(end.code)
	}
}

// echoUni returns the bytes on a new stream once they are all there.
func echoUni(st *stream) {
	var kept []byte
	end := st.consume(func(piece []byte) {
		if len(kept)+len(piece) > echoedUniLimit {
			st.recv.CancelRead(overLimit)
			return
		}
		kept = append(kept, piece...)
	})
	if end.how != byFin {
		return
	}
	s := st.session
	back, err := s.openUni(s.wt.Context(), s.names.stream())
	if err != nil {
		log.Printf("echo of %s: %v", st.name, err)
		return
	}
	back.deliver(kept)
}

func echoDatagram(s *session, data []byte) {
	if err := s.wt.SendDatagram(data); err != nil {
		log.Printf("echo of a datagram: %v", err)
	}
}

// deliver writes it all and ends the sending side.
func (st *stream) deliver(data []byte) {
	if _, err := st.send.Write(data); err != nil {
		log.Printf("stream %s: %v", st.name, err)
		return
	}
	_ = st.send.Close()
}

func sink() application {
	return application{bidi: drop, uni: drop, datagram: ignoreDatagram}
}

// drop reads to the end; ending our side too, without a byte, gives the peer its stream credit back.
func drop(st *stream) {
	st.consume(ignore)
	if st.send != nil {
		_ = st.send.Close()
	}
}

func hold() application {
	untouched := func(*stream) {}
	return application{bidi: untouched, uni: untouched}
}

func source(bidi, uni, datagrams, size int) application {
	app := sink()
	app.start = func(s *session) {
		data := pattern(size)
		go s.openMany(uni, s.openUni, data)
		go s.openMany(bidi, s.openBidi, data)
		for range datagrams {
			if err := s.wt.SendDatagram(data); err != nil {
				log.Printf("datagram of %d bytes: %v", size, err)
				return
			}
		}
	}
	return app
}

type opener func(context.Context, string) (*stream, error)

// openMany opens streams one after another; a stream that lacks credit does not hold up the next.
func (s *session) openMany(count int, open opener, data []byte) {
	for range count {
		st, err := open(s.wt.Context(), s.names.stream())
		if err != nil {
			log.Printf("opening a stream: %v", err)
			return
		}
		go st.deliver(data)
		if st.recv != nil {
			go st.consume(ignore)
		}
	}
}

func closing(code webtransport.SessionErrorCode, reason string, afterStream bool) application {
	end := func(s *session) { _ = s.wt.CloseWithError(code, reason) }
	app := sink()
	if !afterStream {
		app.start = end
		return app
	}
	atStream := func(st *stream) {
		end(st.session)
		drop(st)
	}
	app.bidi, app.uni = atStream, atStream
	return app
}

func resetting(code webtransport.StreamErrorCode) application {
	app := sink()
	app.start = func(s *session) { s.resetOne(code) }
	app.bidi = func(st *stream) {
		st.consume(func([]byte) { st.send.CancelWrite(code) }) // again and again is the same as once
		_ = st.send.Close()
	}
	return app
}

// resetOne opens a stream and resets it when its four bytes have most likely been delivered.
func (s *session) resetOne(code webtransport.StreamErrorCode) {
	st, err := s.openUni(s.wt.Context(), s.names.stream())
	if err != nil {
		log.Printf("opening a stream: %v", err)
		return
	}
	if _, err := st.send.Write(pattern(4)); err != nil {
		log.Printf("stream %s: %v", st.name, err)
		return
	}
	select {
	case <-time.After(deliveryTime):
	case <-s.wt.Context().Done():
	}
	st.send.CancelWrite(code)
}

func stopping(code webtransport.StreamErrorCode) application {
	app := sink()
	app.bidi = func(st *stream) { stopAtFirstByte(st, code) }
	app.uni = app.bidi
	return app
}

func stopAtFirstByte(st *stream, code webtransport.StreamErrorCode) {
	st.consume(func([]byte) { st.recv.CancelRead(code) })
	if st.send != nil {
		_ = st.send.Close()
	}
}
