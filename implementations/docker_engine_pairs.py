"""What a pair of interop images needs of the engine: closed networks with addresses of our choice,
volumes in memory that outlive their containers, and archives of what was left there.

Everything here blocks, raises EngineTrouble, and is created under a claim.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from docker.errors import APIError
from docker.types import DriverConfig, EndpointConfig, IPAMConfig, IPAMPool, Mount

from wtspec.implementations import claim
from wtspec.implementations.docker_engine import Engine, kept, memory, told
from wtspec.implementations.isolation import Profile

_OUTPUT_LINES = 2000
_FOR_ALL = "mode=1777"
# The engine lets every container forward: packets could pass by our relay.
_SYSCTLS = {"net.ipv4.ip_forward": "0", "net.ipv6.conf.all.forwarding": "0"}
_FORBIDDEN = 403  # addresses that another network has
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container stands in a network."""

    network: str
    ipv4: str
    ipv6: str


@dataclass(frozen=True, slots=True)
class Part:
    """One container. `folders` of ours are read only, `volumes` are written; both by its paths.

    `places`: its networks. `entry`: what is started in place of the image's own entry point.
    """

    image: str
    hostname: str
    places: tuple[Place, ...]
    profile: Profile
    environment: Mapping[str, str]
    folders: Mapping[str, str]
    volumes: Mapping[str, str]
    hosts: tuple[tuple[str, str], ...] = ()
    entry: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """`status`: None while it runs."""

    status: int | None
    is_too_large: bool


def open_network(engine: Engine, owner: str, name: str, pools: tuple[str, str]) -> bool:
    """A network that leads nowhere; False where its addresses are taken."""
    kinds = (IPv4Network(pools[0]), IPv6Network(pools[1]))
    ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=str(one)) for one in kinds])
    with told("creating a network"):
        try:
            engine.client.networks.create(
                name, internal=True, enable_ipv6=True, ipam=ipam, labels=claim.labels(owner)
            )
        except APIError as error:
            if error.status_code in (_FORBIDDEN, _CONFLICT):
                return False
            raise
    return True


def remove_network(engine: Engine, name: str) -> None:
    with told("removing a network"):
        engine.client.api.remove_network(name)


def open_volume(engine: Engine, owner: str, size_bytes: int) -> str:
    """A volume in memory that everybody may write to; its name."""
    with told("creating a volume"):
        made = engine.client.volumes.create(
            driver_opts=memory(size_bytes, _FOR_ALL),
            labels=claim.labels(owner),
        )
        return str(made.name)


def remove_volume(engine: Engine, name: str) -> None:
    with told("removing a volume"):
        engine.client.api.remove_volume(name, force=True)


def start(engine: Engine, part: Part, owner: str) -> str:
    """Create, connect, start; the id. Nothing is left of one that does not start."""
    with told(f"starting {part.image}"):
        first, *others = part.places
        container = engine.client.containers.create(
            part.image,
            entrypoint=list(part.entry) or None,
            environment=dict(part.environment),
            hostname=part.hostname,
            sysctls=_SYSCTLS,
            network=first.network,
            networking_config={first.network: _endpoint(engine, first)},
            extra_hosts=[f"{name}:{address}" for name, address in part.hosts],
            volumes={folder: {"bind": path, "mode": "ro"} for path, folder in part.folders.items()},
            mounts=[*_mounts(part), *_in_memory(engine, part)],
            **kept(part.profile, owner),
        )
        try:
            for one in others:
                network = engine.client.networks.get(one.network)
                network.connect(container, ipv4_address=one.ipv4, ipv6_address=one.ipv6)
            container.start()
        except BaseException:
            container.remove(force=True, v=True)
            raise
        return str(container.id)


def state(engine: Engine, container: str) -> State:
    with told("looking at a container"):
        found = engine.client.api.inspect_container(container)["State"]
    is_over = found["Status"] in ("exited", "dead")
    return State(int(found["ExitCode"]) if is_over else None, bool(found.get("OOMKilled")))


def output(engine: Engine, container: str, limit_bytes: int) -> bytes:
    """The end of what it printed."""
    with told("reading what a container printed"):
        said = engine.client.api.logs(container, tail=_OUTPUT_LINES)
    return bytes(said[-limit_bytes:])


def _endpoint(engine: Engine, place: Place) -> EndpointConfig:
    version = engine.client.api.api_version
    return EndpointConfig(version, ipv4_address=place.ipv4, ipv6_address=place.ipv6)


def _mounts(part: Part) -> list[Mount]:
    return [Mount(path, name, type="volume") for path, name in part.volumes.items()]


def _in_memory(engine: Engine, part: Part) -> list[Mount]:
    """Volumes that the image itself declares would be on the host's disk, and without a limit."""
    declared = engine.client.images.get(part.image).attrs["Config"].get("Volumes") or {}
    driver = DriverConfig("local", memory(part.profile.scratch_bytes, _FOR_ALL))
    ours = {*part.volumes, *part.folders, "/tmp"}  # noqa: S108 - in the container
    return [Mount(path, None, driver_config=driver) for path in declared if path not in ours]
