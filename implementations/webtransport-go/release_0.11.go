//go:build webtransport0.11

package main

const name = "webtransport-go-0.11"

// dialectsOf: the draft that its README names. The server also sends what release 0.12 does for older
// clients.
var dialectsOf = map[string][]string{
	roleServer: {"h3-15"},
	roleClient: {"h3-15"},
}

var tokens = []string{"webtransport-h3", "webtransport"}

var releaseFeatures = map[string][]string{
	roleServer: {"protocols"},
	roleClient: {"protocols", "stats"},
}
