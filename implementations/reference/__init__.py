"""Our own WebTransport over HTTP/3: an honest server and client that people can use.

Read `serving.py` and `connecting.py` for the API. It shares codecs, dialect data, the networks and
the QUIC engine with the suite's Peer and nothing else, so that a misreading of a draft in one is
caught by the other. Faults are deliberate misbehaviours of it. Imported by the doors and by tests.
"""
