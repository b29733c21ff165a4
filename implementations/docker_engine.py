"""The Docker engine: images, and containers and networks under a claim.

Only importer of docker, with `docker_engine_pairs`.

Everything here blocks; see `container` for what the event loop calls. Whatever goes wrong between
us and the engine is EngineTrouble, never the endpoint's fault.
"""

import io
import os
import socket
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DriverConfig, LogConfig, Mount, Ulimit
from docker.utils.build import tar
from requests.exceptions import RequestException

from wtspec.implementations import claim
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.isolation import Profile

CERTIFICATES = "/certs"
LOGS = "/logs"
_LOGS_BYTES = 16 << 20
_LOG = LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"})
_STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
_SAID_BYTES = 4000
_DEFAULT_HOST = "unix:///var/run/docker.sock"
_PIECE_BYTES = 64 << 10
_HEADERS_BYTES = 64 << 10  # of an archive of one file, its end included


class ImageFailed(Exception):
    """An image could not be built; the message is the end of what the build printed."""


@dataclass(frozen=True, slots=True)
class Image:
    """`id` names its content, and `tag` may move."""

    tag: str
    id: str
    size_bytes: int

    @property
    def short_id(self) -> str:
        """As much of it as people compare."""
        return self.id.removeprefix("sha256:")[:12]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be started; `certificates`: a directory of ours, to be read there.

    `keeps_logs`: it may write into `LOGS`, whence `Engine.file` fetches.
    """

    image: str
    environment: Mapping[str, str]
    certificates: Path
    profile: Profile
    keeps_logs: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """A container that runs. `stream`: its stdin, and its stdout and stderr in docker's framing."""

    id: str
    address: str
    pid: int
    stream: socket.socket


@contextmanager
def told(doing: str) -> Iterator[None]:
    try:
        yield
    except (DockerException, RequestException) as error:
        why = error.explanation if isinstance(error, APIError) else None
        raise EngineTrouble(f"the Docker engine, {doing}: {why or error}") from error


class Engine:
    """A connection to the engine that the environment names (DOCKER_HOST), by default this host's.

    Raises EngineTrouble where none answers.
    """

    def __init__(self) -> None:
        try:
            _knock(os.environ.get("DOCKER_HOST") or _DEFAULT_HOST)
            self.client = docker.from_env()
            self.version: str = self.client.version()["Version"]
        except (DockerException, RequestException, OSError) as error:
            raise EngineTrouble(
                "no Docker engine answers: start one, or name it in DOCKER_HOST; "
                "everything without containers works (--exec, --url, --listen)"
            ) from error

    def close(self) -> None:
        self.client.close()

    def image(self, tag: str) -> Image | None:
        """None: there is none of this name here."""
        with told(f"looking for the image {tag}"):
            try:
                found = self.client.images.get(tag)
            except ImageNotFound:
                return None
            return Image(tag, found.id, found.attrs["Size"])

    def build(
        self, root: Path, dockerfile: str, patterns: list[str], tag: str, say: Callable[[str], None]
    ) -> Image:
        """Build an image from what of `root` the patterns (as in .dockerignore) leave.

        `say` hears each step as it begins. Raises ImageFailed.
        """
        said = ""
        with told(f"building {tag}"), tar(str(root), exclude=patterns) as context:
            lines = self.client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=dockerfile,
                tag=tag,
                rm=True,
                forcerm=True,
                decode=True,
            )
            for line in lines:
                if "error" in line:
                    raise ImageFailed(f"{said}{line['error']}"[-_SAID_BYTES:])
                text = str(line.get("stream", ""))
                said = (said + text)[-_SAID_BYTES:]
                if text.startswith("Step "):
                    say(text.strip())
        built = self.image(tag)
        assert built is not None, "it was built a moment ago"
        return built

    def open_network(self, owner: str) -> None:
        """The claim's own network, which leads nowhere."""
        with told("creating a network"):
            self.client.networks.create(
                _network_name(owner), internal=True, labels=claim.labels(owner)
            )

    def gateway(self, owner: str) -> str:
        """Our own address on the claim's network."""
        with told("looking for the run's network"):
            network = self.client.networks.get(_network_name(owner))
            return str(network.attrs["IPAM"]["Config"][0]["Gateway"])

    def start(self, order: Order, owner: str) -> Started:
        """Create, attach, start; nothing is left of a container that does not start."""
        with told(f"starting {order.image}"):
            container = self.client.containers.create(
                order.image,
                environment=dict(order.environment),
                volumes={str(order.certificates): {"bind": CERTIFICATES, "mode": "ro"}},
                network=_network_name(owner),
                mounts=[_logs(order.profile)] if order.keeps_logs else [],
                stdin_open=True,
                **kept(order.profile, owner),
            )
            stream: socket.socket | None = None
            try:
                stream = _own(self.client.api.attach_socket(container.id, _STREAMS))
                container.start()
                container.reload()
                place = container.attrs["NetworkSettings"]["Networks"][_network_name(owner)]
                pid = container.attrs["State"]["Pid"]
                return Started(container.id, place["IPAddress"], pid, stream)
            except BaseException:
                if stream is not None:
                    stream.close()
                container.remove(force=True, v=True)
                raise

    def wait(self, container: str) -> tuple[int, bool]:
        """Until it has ended: its exit status, and whether it was killed for its memory."""
        with told("waiting for a container"):
            status = self.client.api.wait(container, timeout=None)["StatusCode"]
            state = self.client.api.inspect_container(container)["State"]
            return int(status), bool(state.get("OOMKilled"))

    def archive(self, container: str, path: str, limit_bytes: int) -> bytes:
        """What is at a path, packed as tar; its beginning where it is longer than that."""
        api = self.client.api
        packed = bytearray()
        # Not docker-py's own way: one that is left in the middle would never be closed, and the
        # engine lets nobody remove the container meanwhile.
        where = f"{api.base_url}/v{api.api_version}/containers/{container}/archive"
        with (
            told("fetching what a container left"),
            closing(
                api.get(where, params={"path": path}, stream=True, timeout=api.timeout)
            ) as answer,
        ):
            answer.raise_for_status()
            for piece in answer.iter_content(_PIECE_BYTES):
                packed += piece
                if len(packed) >= limit_bytes:
                    break
        return bytes(packed[:limit_bytes])

    def file(self, container: str, path: str, limit_bytes: int) -> bytes:
        """What a file holds; nothing for what is no plain file, or a longer one.

        A link is not followed, wherever it leads.
        """
        try:
            packed = self.archive(container, path, limit_bytes + _HEADERS_BYTES)
            with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as found:
                member = found.next()
                if member is None or not member.isreg() or member.size > limit_bytes:
                    return b""
                held = found.extractfile(member)
                return held.read() if held is not None else b""
        except (EngineTrouble, tarfile.TarError):
            return b""

    def stop(self, container: str, grace_s: int) -> None:
        """SIGTERM, then SIGKILL."""
        with told("stopping a container"), suppress(NotFound):
            self.client.api.stop(container, timeout=grace_s)

    def kill(self, container: str) -> None:
        """SIGKILL; one that has ended already stays as it is."""
        with told("killing a container"), suppress(APIError):
            self.client.api.kill(container)

    def remove(self, container: str) -> None:
        """With all that belongs to it, running or not."""
        with told("removing a container"), suppress(NotFound):
            self.client.api.remove_container(container, force=True, v=True)

    def remove_all(self, owner: str) -> None:
        """Whatever was created under this claim."""
        self._remove(claim.filter_of(owner), lambda _labels: True)

    def count(self, owner: str) -> int:
        """How many things there are under this claim."""
        chosen = {"label": claim.filter_of(owner)}
        with told("counting what a run has"):
            return sum(
                len(found)
                for found in (
                    self.client.api.containers(all=True, filters=chosen),
                    self.client.api.networks(filters=chosen),
                    self.client.api.volumes(filters=chosen)["Volumes"] or (),
                )
            )

    def remove_image(self, tag: str) -> None:
        with told(f"removing the image {tag}"), suppress(NotFound):
            self.client.api.remove_image(tag, force=True)

    def sweep(self) -> int:
        """Remove what runs left that were killed; how many things that were."""
        return self._remove(claim.filter_of(), claim.is_orphaned)

    def _remove(self, label: str, is_wanted: Callable[[Mapping[str, str]], bool]) -> int:
        chosen = {"label": label}
        count = 0
        with told("removing what a run left"):
            for container in self.client.api.containers(all=True, filters=chosen):
                if is_wanted(container["Labels"]):
                    self.remove(container["Id"])
                    count += 1
            for network in self.client.api.networks(filters=chosen):
                if is_wanted(network["Labels"]):
                    with suppress(NotFound):
                        self.client.api.remove_network(network["Id"])
                    count += 1
            for volume in self.client.api.volumes(filters=chosen)["Volumes"] or ():
                if is_wanted(volume["Labels"]):
                    with suppress(NotFound):
                        self.client.api.remove_volume(volume["Name"], force=True)
                    count += 1
        return count


def kept(profile: Profile, owner: str) -> dict[str, Any]:
    """What every container of ours is created with."""
    files = profile.open_files
    return {
        "labels": claim.labels(owner),
        "log_config": _LOG,
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="nofile", soft=files, hard=files),
        ],
        **profile.options(),
    }


def memory(size_bytes: int, access: str) -> dict[str, str]:
    """A volume's options, to be in memory; `access` as mount has it, `mode=…` or `uid=…`."""
    return {"type": "tmpfs", "device": "tmpfs", "o": f"size={size_bytes},{access}"}


def _knock(host: str) -> None:
    """Raises OSError where no socket answers: docker-py would leave its own open, unclosed."""
    kind, _, path = host.partition("://")
    if kind == "unix":
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)


def _logs(profile: Profile) -> Mount:
    """A volume in memory, which goes when its container goes."""
    owner = profile.user.partition(":")[0]
    return Mount(
        LOGS, None, driver_config=DriverConfig("local", memory(_LOGS_BYTES, f"uid={owner}"))
    )


def _network_name(owner: str) -> str:
    return f"wtspec-{owner}"


def _own(attached: Any) -> socket.socket:
    """A socket that lives on when docker-py's response is collected."""
    inner: socket.socket = attached._sock  # noqa: SLF001 - docker-py hands out the file around it
    return socket.socket(fileno=inner.detach())
