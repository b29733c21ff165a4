"""Images of the known implementations: built from their Dockerfiles, found by their tags."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from wtspec.implementations.building import BuildError
from wtspec.implementations.docker_engine import Engine, Image, ImageFailed
from wtspec.implementations.manifest import Manifest, ManifestError

_IGNORED = ".dockerignore"


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built, and how long that took."""

    image: Image
    duration_s: float


def build(manifest: Manifest, say: Callable[[str], None]) -> Built:
    """Build its image; `say` hears each step. Raises BuildError, ManifestError, EngineTrouble."""
    container = manifest.container
    if container is None:
        raise ManifestError(f"{manifest.name} has no [container]: it runs as a plain program only")
    # Not `wtspec` itself: the namespace of an editable install has no folder of its own.
    root = Path(str(files("wtspec.implementations"))).parent
    for path in container.context:
        if not (root / path).exists():
            raise BuildError(f"{manifest.name} copies {path}, which is not there")
    began_s = time.monotonic()
    dockerfile = f"implementations/{manifest.name}/Dockerfile"
    with closing(Engine()) as engine:
        try:
            patterns = _patterns(root, (*container.context, dockerfile))
            image = engine.build(root, dockerfile, patterns, manifest.tag, say)
        except ImageFailed as error:
            raise BuildError(f"building {manifest.name}: {error}") from error
    return Built(image, time.monotonic() - began_s)


def _patterns(root: Path, wanted: tuple[str, ...]) -> list[str]:
    """Nothing but what is wanted, and of that not what is left by builds and runs."""
    ignored = root / _IGNORED
    more = ignored.read_text().split() if ignored.exists() else []
    return ["*", *(f"!{path}" for path in wanted), *more]
