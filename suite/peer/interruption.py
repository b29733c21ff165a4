"""What ends a script before it returns a Reaction.

    Interruption
      EndScript       the Reaction is there already: no session was established
      PremiseMissing  what the case builds on did not happen (blocked)
      Deadline        an expected event of the set-up never came (timeout)
      Unsupported     the endpoint declares not to offer it
      NotApplicable   the wire or the manifest shows that the question does not arise
      HarnessError    our own mistake, never the endpoint's

An endpoint that ended is `EndpointGone`, of suite/endpoint.
"""

from wtspec.suite.signal import Reaction


class Interruption(Exception):
    """The script cannot go on."""


class EndScript(Interruption):
    """The script is over; `reaction` is its result."""

    def __init__(self, reaction: Reaction) -> None:
        super().__init__(str(reaction))
        self.reaction = reaction


class PremiseMissing(Interruption):
    """The situation that the case asks about was never reached."""


class Deadline(Interruption):
    """The message names the event that never came."""


class Unsupported(Interruption):
    """The message names the path or command that the endpoint lists as not offered."""


class NotApplicable(Interruption):
    """The message is the cause."""


class HarnessError(Interruption):
    """Our bytes or our code are not what we meant."""
