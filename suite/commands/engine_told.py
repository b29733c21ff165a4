"""What goes wrong about the Docker engine, told to the user."""

from collections.abc import Iterator
from contextlib import contextmanager

from wtspec.implementations.claim import EngineTrouble
from wtspec.suite.commands.failure import EnvironmentTrouble

_LIBRARIES = ("docker", "requests")


@contextmanager
def engine_told() -> Iterator[None]:
    """Inside it containers may be used: their library is optional, and the engine may be away."""
    try:
        yield
    except EngineTrouble as trouble:
        raise EnvironmentTrouble(str(trouble)) from trouble
    except ModuleNotFoundError as missing:
        if missing.name not in _LIBRARIES:
            raise
        raise EnvironmentTrouble(
            "containers need the extra `docker`: pip install 'wtspec[docker]' (or -e '.[docker]');"
            " everything without containers works (--exec, --url, --listen)"
        ) from missing
