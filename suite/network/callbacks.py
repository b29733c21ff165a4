"""Exceptions that an event loop would only log, made visible to whoever runs the loop."""

import asyncio
from collections.abc import Callable
from typing import Any


class CallbackFailed(Exception):
    """A callback raised, or a task died unobserved; the exception itself is the cause."""


def report_callbacks(
    loop: asyncio.AbstractEventLoop, on_failure: Callable[[CallbackFailed], None]
) -> None:
    """Send what the loop's exception handler would have logged to `on_failure` instead."""

    def failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = CallbackFailed(str(context.get("message", "unknown failure in the event loop")))
        failure.__cause__ = context.get("exception")
        on_failure(failure)

    loop.set_exception_handler(failed)
