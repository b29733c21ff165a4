"""Building an implementation's endpoint program with its own tools, by one command."""

import shlex
import shutil
import subprocess

from wtspec.implementations.manifest import Manifest, ManifestError, directory, load


class BuildError(Exception):
    """The program could not be built; the message says what to do, or what the tool printed."""


def build(name: str, deadline_s: float = 3600.0) -> Manifest:
    """Run the `build` command of the manifest in its folder; raises BuildError or ManifestError."""
    manifest = load(name)
    process = manifest.process
    if process is None:
        raise ManifestError(f"{name} runs in a container only: there is nothing to build here")
    for tool in process.needs:
        if shutil.which(tool) is None:
            raise BuildError(f"{name} needs `{tool}` on the PATH to be built, and it is not there")
    command = shlex.split(process.build)
    try:
        done = subprocess.run(  # noqa: S603 - the manifest is part of this repository
            command,
            cwd=directory(name),
            timeout=deadline_s,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"building {name}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise BuildError(f"building {name}: `{process.build}` failed\n{said[-4000:]}")
    return manifest
