"""Two implementations against each other, our relay between them.

A scenario commands the client and watches both APIs; what each party owes is listed in the order of
cause, and the first that is missing tells whom to ask. Nothing here judges by a log or by silence
alone: what nobody saw on the wire or at an API is undecided.
"""
