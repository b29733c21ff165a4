package main

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

const contractVersion = 1

// featuresOf declares what is owed from now on, whatever the release. None of them has a drain, an
// exporter or a priority in its API; what only some have is releaseFeatures and releaseLacks.
var featuresOf = map[string][]string{
	roleServer: {
		"datagrams", "uni", "bidi", "reset", "stop", "reset-code", "stop-code", "close-code",
		"closed", "origin", "headers",
	},
	roleClient: {
		"datagrams", "uni", "bidi", "reset", "stop", "reset-code", "stop-code", "close-code",
		"closed", "origin", "headers", "status", "hashes",
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
		"name":        name,
		"version":     strings.TrimPrefix(versions["webtransport-go"], "v"),
		"roles":       []string{roleServer, roleClient},
		"dialects":    dialectsOf[set.role],
		"limits":      set.limits,
		"features":    slices.Concat(featuresOf[set.role], releaseFeatures[set.role]),
		"unsupported": slices.Concat(unsupportedOf[set.role], releaseLacks[set.role]),
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
