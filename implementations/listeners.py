"""Who hears the events of an endpoint."""

import asyncio
from collections.abc import Callable

from wtspec.suite.endpoint.interface import ApiEvent

Listener = Callable[[ApiEvent], None]


class Listeners:
    """A listener that raises is our bug: the loop's exception handler hears of it."""

    def __init__(self) -> None:
        self._found: dict[object, Listener] = {}

    def add(self, listener: Listener) -> Callable[[], None]:
        """Every later event goes to it; the returned function ends that."""
        key = object()
        self._found[key] = listener
        return lambda: self._found.pop(key, None) and None

    def tell(self, event: ApiEvent) -> None:
        for listener in tuple(self._found.values()):
            _tell(listener, event)


def _tell(listener: Listener, event: ApiEvent) -> None:
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - ours, and must not be taken for the endpoint's end
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"a listener failed on event {event.name}", "exception": error}
        )
