"""What a bystander can read of QUIC version 1: captured datagrams and a TLS key log, no part in it.

`tap` is the door: datagrams in, `events` out. Below it, each knowing only what is below itself:
`connection` follows one connection, `half` what one side of it sent, `handshake` reads TLS
messages, `frames` and `packets` read bytes, `inflow` puts bytes in order, `keys` opens packets.

Nothing raises for what it reads. What cannot be opened or understood is counted and said once
per side and reason (`Undecided`), so that who judges can stay silent where something is unknown.
"""
