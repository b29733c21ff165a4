// Command endpoint puts webtransport-go behind wtspec's endpoint contract, version 1.
//
// One binary serves both roles; WT_ROLE chooses. A server does by path what the contract says of
// that path, a client does what it is commanded on stdin, and both print what their API shows as
// one JSON object a line on stdout.
//
// Older releases differ in few calls: what they do and declare is in the files named after them,
// which a build tag chooses together with the go.mod of their own folder, ../webtransport-go-0.9
// and so on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// exitNotOffered tells that the role, or each of the dialects asked for, is not offered.
const exitNotOffered = 127

var errNotOffered = errors.New("not offered")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "endpoint:", err)
		if errors.Is(err, errNotOffered) {
			os.Exit(exitNotOffered)
		}
		os.Exit(1)
	}
}

// run plays the role until ctx is done; a nil error is a clean end.
func run(ctx context.Context) error {
	set, err := readSettings()
	if err != nil {
		return err
	}
	if !set.dialectOffered() {
		return fmt.Errorf("dialects %q: %w", set.dialects, errNotOffered)
	}
	out := newEvents(os.Stdout)
	if set.role == roleServer {
		return runServer(ctx, set, out)
	}
	return runClient(ctx, set, out)
}
