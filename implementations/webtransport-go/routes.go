package main

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/quic-go/webtransport-go"
)

// route is what the contract says of one path.
type route struct {
	refusal     func(*http.Request, *query) int // the status to refuse with; 0: none, accept
	application func(*query) application
	negotiates  bool // application protocols are chosen here
}

var routes = map[string]route{
	"/echo":      {welcome, func(*query) application { return echo() }, false},
	"/sink":      {welcome, func(*query) application { return sink() }, false},
	"/hold":      {welcome, func(*query) application { return hold() }, false},
	"/source":    {welcome, sourceOf, false},
	"/close":     {welcome, closingOf, false},
	"/drain":     {notOffered, nil, false},
	"/reset":     {welcome, func(q *query) application { return resetting(q.streamCode()) }, false},
	"/stop":      {welcome, func(q *query) application { return stopping(q.streamCode()) }, false},
	"/reject":    {rejection, nil, false},
	"/origin":    {foreignOrigin, func(*query) application { return sink() }, false},
	"/protocols": {welcome, func(*query) application { return echo() }, true},
}

func welcome(*http.Request, *query) int { return 0 }

func notOffered(*http.Request, *query) int { return http.StatusNotImplemented }

// rejection keeps to final statuses, the only ones that net/http can end a response with.
func rejection(_ *http.Request, q *query) int {
	status := q.number("status", 999)
	if q.err != nil || status < 200 {
		return http.StatusBadRequest
	}
	return int(status)
}

func foreignOrigin(r *http.Request, _ *query) int {
	if originAllowed(r) {
		return 0
	}
	return http.StatusForbidden
}

func sourceOf(q *query) application {
	count := func(key string) int { return int(q.number(key, math.MaxInt32)) }
	return source(count("bidi"), count("uni"), count("datagrams"), count("bytes"))
}

func closingOf(q *query) application {
	code := webtransport.SessionErrorCode(q.number("code", math.MaxUint32))
	return closing(code, q.values["reason"], q.values["after"] == "stream")
}

// query holds the decoded values of a path, and the first that was not what it should be.
type query struct {
	values map[string]string
	err    error
}

// parseQuery decodes percent signs only: to the contract a `+` is a plus, to url.ParseQuery a space.
func parseQuery(raw string) (*query, error) {
	q := &query{values: make(map[string]string)}
	for pair := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(value)
		if err != nil {
			return nil, err
		}
		q.values[key] = decoded
	}
	return q, nil
}

// number is 0 for an absent key.
func (q *query) number(key string, limit uint64) uint64 {
	text, given := q.values[key]
	if !given {
		return 0
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err == nil && value > limit {
		err = fmt.Errorf("%d is above %d", value, limit)
	}
	if err != nil && q.err == nil {
		q.err = fmt.Errorf("query %s: %w", key, err)
	}
	return value
}

func (q *query) streamCode() webtransport.StreamErrorCode {
	return webtransport.StreamErrorCode(q.number("code", math.MaxUint32))
}
