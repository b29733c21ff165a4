"""Our wire-level side of every conversation: it keeps each rule of the drafts, or breaks any one.

`peer.py` is the facade that cases use; `session.py` and `stream.py` hold what it hands out.
`client.py` and `server.py` are the two ways to get a session, `conduct.py` makes a client endpoint
behave as an Application. `http3.py` reads what the endpoint sends without I/O, `connection.py`
routes it, `outlet.py` sends, `readback.py` compares each byte of ours with the witness. `bench.py`
holds what they share: the timeline, the bell that ends waits, the patience. Nothing here knows of
verdicts. For cases and the runner; the reference never imports it.
"""
