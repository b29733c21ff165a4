package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"
)

// readSize keeps a `data` line, in base64, well under the contract's 64 KiB of bytes.
const readSize = 32 << 10

// receiver and sender are the two halves of the library's three types of streams.
type receiver interface {
	io.Reader
	CancelRead(webtransport.StreamErrorCode)
}

type sender interface {
	io.WriteCloser
	CancelWrite(webtransport.StreamErrorCode)
	Context() context.Context
}

// stream is a WebTransport stream of either kind, opened by either side.
type stream struct {
	session *session
	name    string
	kind    string
	wireID  any      // nil where the API hides it
	recv    receiver // nil: outgoing and unidirectional
	send    sender   // nil: incoming and unidirectional

	sendOver chan struct{}                 // closed when the sending side is over; nil without one
	stopped  *webtransport.StreamErrorCode // why, if the peer stopped it; set before sendOver closes
}

const (
	kindBidi = "bidi"
	kindUni  = "uni"
)

func (s *session) bidi(name string, str *webtransport.Stream) *stream {
	return &stream{
		session: s, name: name, kind: kindBidi, wireID: wireID(str),
		recv: str, send: watched(s, str), sendOver: make(chan struct{}),
	}
}

func (s *session) outgoingUni(name string, str *webtransport.SendStream) *stream {
	return &stream{
		session: s, name: name, kind: kindUni, wireID: wireID(str),
		send: watched(s, str), sendOver: make(chan struct{}),
	}
}

func (s *session) incomingUni(name string, str *webtransport.ReceiveStream) *stream {
	return &stream{session: s, name: name, kind: kindUni, wireID: wireID(str), recv: str}
}

// wireID is the stream's id, which some releases do not show.
func wireID(str any) any {
	if shown, ok := str.(interface{ StreamID() quic.StreamID }); ok {
		return int64(shown.StreamID())
	}
	return nil
}

// announce prints that the stream exists and watches its sending side.
func (st *stream) announce(by string) {
	st.session.out.emit("stream", fields{
		"session": st.session.name, "stream": st.name, "kind": st.kind, "by": by,
		"wire_id": st.wireID,
	})
	if st.send != nil {
		go st.watchStop()
	}
}

// watchStop reports that the peer asked us to stop. After Close the library never shows that.
func (st *stream) watchStop() {
	defer close(st.sendOver)
	<-st.send.Context().Done()
	var cause *quic.StreamError
	if !errors.As(context.Cause(st.send.Context()), &cause) || !cause.Remote {
		return
	}
	// The cause carries QUIC's number; the application's code is only to be had from Write. When
	// the session goes at the same time, Write waits for that and gives the session's error.
	_, err := st.send.Write(nil)
	if st.session.isOver(err) {
		return
	}
	st.stopped = new(webtransport.StreamErrorCode)
	var code any
	var stop *webtransport.StreamError
	if errors.As(err, &stop) {
		*st.stopped = stop.ErrorCode
		code = stop.ErrorCode
	}
	st.session.out.emit("stopped", fields{"stream": st.name, "code": code})
}

// How a reading side ends, in the contract's words.
const (
	byFin     = "fin"
	byReset   = "reset"
	byStop    = "stopped"
	bySession = "session"
	byLoss    = "lost"
)

// ending is how a reading side ended; code is 0 where the API showed none.
type ending struct {
	how  string
	code webtransport.StreamErrorCode
}

// consume reads to the end, gives each piece to take, and reports how it ended.
func (st *stream) consume(take func([]byte)) ending {
	digest := sha256.New()
	size := 0
	buffer := make([]byte, readSize)
	for {
		st.session.reading.await(st.session.wt.Context())
		n, err := st.recv.Read(buffer)
		if n > 0 {
			size += n
			digest.Write(buffer[:n])
			take(buffer[:n])
		}
		if err == nil {
			continue
		}
		end, code := st.endingOf(err)
		st.session.out.emit("ended", fields{
			"stream": st.name, "bytes": size, "sha256": hex.EncodeToString(digest.Sum(nil)),
			"how": end.how, "code": code,
		})
		return end
	}
}

// endingOf tells an error of Read apart; the second value is the code to report, or nil.
func (st *stream) endingOf(err error) (ending, any) {
	var cancelled *webtransport.StreamError
	switch {
	case errors.Is(err, io.EOF):
		return ending{how: byFin}, nil
	case errors.As(err, &cancelled) && cancelled.Remote:
		return ending{byReset, cancelled.ErrorCode}, cancelled.ErrorCode
	case errors.As(err, &cancelled):
		return ending{byStop, cancelled.ErrorCode}, cancelled.ErrorCode
	case st.session.isLost(err):
		return ending{how: byLoss}, nil
	case st.session.isOver(err):
		return ending{how: bySession}, nil
	default: // a reset whose code the library could not map back
		log.Printf("stream %s: %v", st.name, err)
		return ending{how: byReset}, nil
	}
}
