"""What somebody sees who has the packets of a relayed connection and a key log, and nothing else.

`exchange` is the door: packets and secrets in, an `Exchange` out. `http3` reads what each side said
(`observed`), `conversation` keeps what follows from it (`facts`), `negotiation` tells the dialect,
`lines` prints, and `blame` holds the rules that the wire shows to be broken for certain.

It takes no part: it imports wire, dialect, quic and the ledger, never the peer, the cases or an
implementation, so that it can judge them all, ourselves included. What it cannot decrypt or cannot
prove it says to be undecided; it never guesses.
"""
