//go:build webtransport0.10

package main

const name = "webtransport-go-0.10"

// dialectsOf: it sends 0x2b603742, the setting of the drafts 02 to 06, whatever it has taken from
// later ones: draft 14's reliable resets and application protocols, without its settings. None of
// those drafts negotiates a protocol, so that what the API has for it is not declared.
var dialectsOf = map[string][]string{
	roleServer: {"h3-02"},
	roleClient: {"h3-02"},
}

var tokens = []string{"webtransport"}

var releaseFeatures = map[string][]string{roleClient: {"stats"}}
