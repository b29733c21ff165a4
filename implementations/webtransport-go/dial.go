package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/webtransport-go"
)

// dialled is what came of asking for a session; all but err may be nil when err is not.
type dialled struct {
	conn     *connection
	response *http.Response
	session  *webtransport.Session
	err      error
}

// abandon closes a session that came too late.
func (d *dialled) abandon() {
	if d.session != nil {
		_ = d.session.CloseWithError(0, "")
	}
}

func (c *client) dial(ctx context.Context, cmd *command) *dialled {
	target, err := url.Parse(cmd.URL)
	if err != nil {
		return &dialled{err: err}
	}
	conn, err := c.connections.get(ctx, target, cmd)
	if err != nil {
		return &dialled{err: err}
	}
	if !cmd.Pool || !sharesConnections {
		// Nobody else is on it, so closing it is the way to give the request up.
		context.AfterFunc(ctx, func() {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				conn.close(http3.ErrCodeRequestCanceled, "")
			}
		})
	}
	result := &dialled{conn: conn}
	result.response, result.session, result.err = conn.wt.Dial(ctx, cmd.URL, requestHeaders(cmd))
	conn.tellRefusal(result.err)
	return result
}

func requestHeaders(cmd *command) http.Header {
	headers := make(http.Header)
	for name, value := range cmd.Headers {
		headers.Set(name, value)
	}
	if cmd.Origin != "" {
		headers.Set("Origin", cmd.Origin)
	}
	return headers
}
