"""What the API shows, one JSON object a line on stdout (contract section 4)."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable
from itertools import count

from contract.stack import Failure, Offer, Stack

SETTLED_AFTER_S = 0.02
SETTLE_LIMIT_S = 0.5


class Events:
    """Prints events in the order in which the API shows them, and names what no command named."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._numbers = count(1)
        self._latest_s = 0.0

    def emit(self, event: str, **fields: object) -> None:
        self._latest_s = time.monotonic()
        line = json.dumps({"event": event, **fields}, separators=(",", ":"))
        self._write(line.encode() + b"\n")

    def done(self, number: object, result: object = None) -> None:
        self.emit("done", id=number, result=result)

    def fail(self, number: object, failure: Failure) -> None:
        self.emit("error", id=number, error=failure.text, kind=failure.kind)

    def data(self, stream: str, piece: bytes) -> None:
        self.emit("data", stream=stream, data=base64.b64encode(piece).decode())

    def datagram(self, session: str, data: bytes) -> None:
        self.emit("datagram", session=session, data=base64.b64encode(data).decode())

    def stream_name(self) -> str:
        """For a stream that no command opened: the mark keeps it apart from the suite's."""
        return f"~{next(self._numbers)}"

    def session_name(self) -> str:
        return f"s{next(self._numbers)}"

    async def settle(self) -> None:
        """Return when nothing was printed for a moment: a task that the API has just woken has no
        other sign, since it may not have run yet.
        """
        start_s = time.monotonic()
        while (now_s := time.monotonic()) - start_s < SETTLE_LIMIT_S:
            idle_s = now_s - max(start_s, self._latest_s)
            if idle_s >= SETTLED_AFTER_S:
                return
            await asyncio.sleep(SETTLED_AFTER_S - idle_s)

    def hello(self, stack: Stack, offer: Offer) -> None:
        self.emit(
            "hello",
            contract=1,
            name=stack.name,
            version=stack.version,
            roles=["server", "client"],
            dialects=list(offer.dialects),
            limits=dict(offer.limits),
            features=list(offer.features),
            unsupported=list(offer.unsupported),
            api=stack.api,
        )

    def log(self, text: str) -> None:
        """What no event has a word for."""
        sys.stderr.write(f"{text}\n")
