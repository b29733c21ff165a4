"""QUIC connections that keep every rule or break a chosen one: the engine on aioquic.

The only folder that imports aioquic, and `identity.py` the only module that imports
cryptography. It knows nothing of HTTP/3 or WebTransport: streams, datagrams, packets and time.
The peer and the reference import it; cases and reports never do. Every private name of aioquic
that is touched stands in the table of `shim.py`, and each has a contract test.

`passive/` has no connection: it reads what two others said, from their packets and a key log.
"""
