"""Packets and time: a virtual and a UDP network behind one seam, an impairing relay, capture.

`path` says what a path does to packets and `fates` decides it; `link` is the seam (`Network`,
`Link`); `virtual` and `virtual_loop` are the network and the clock in memory, `udp` the real one,
`relay` stands between two other programs; `capture` keeps packets for Wireshark; `randomness` is
the hash that every random decision of the suite is drawn from.

Imports the standard library only; `quic`, `peer`, `run`, the reference and the doors may import
it, cases and expectations only `path`.
"""
