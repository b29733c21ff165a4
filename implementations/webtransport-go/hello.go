package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

const contractVersion = 1

// featuresOf declares what is owed from now on. The API has no drain, exporter or priority.
var featuresOf = map[string][]string{
	roleServer: {
		"datagrams", "uni", "bidi", "reset", "stop", "reset-code", "stop-code", "close-code",
		"closed", "protocols", "origin", "headers", "flow-control",
	},
	roleClient: {
		"datagrams", "uni", "bidi", "reset", "stop", "reset-code", "stop-code", "close-code",
		"closed", "protocols", "origin", "headers", "flow-control",
		"pooling", "status", "hashes", "stats",
	},
}

var unsupportedOf = map[string][]string{
	roleServer: {"/drain"},
	roleClient: {"drain"},
}

func (e *events) hello(set *settings) {
	versions := moduleVersions()
	e.emit("hello", fields{
		"contract":    contractVersion,
		"name":        "webtransport-go",
		"version":     strings.TrimPrefix(versions["webtransport-go"], "v"),
		"roles":       []string{roleServer, roleClient},
		"dialects":    dialectsOf[set.role],
		"limits":      set.limits,
		"features":    featuresOf[set.role],
		"unsupported": unsupportedOf[set.role],
		"api": "webtransport-go " + versions["webtransport-go"] +
			", quic-go " + versions["quic-go"] + ", " + runtime.Version(),
	})
}

// moduleVersions maps the last element of each module's path to the version that was built in.
func moduleVersions() map[string]string {
	versions := make(map[string]string)
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			versions[module.Path[strings.LastIndex(module.Path, "/")+1:]] = module.Version
		}
	}
	return versions
}
