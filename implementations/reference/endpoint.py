"""The reference in the same process, as the suite sees any endpoint."""

from collections.abc import Callable, Iterable, Mapping

from wtspec.implementations.reference.connecting import ClientOptions
from wtspec.implementations.reference.contract_client import ContractClient
from wtspec.implementations.reference.contract_server import ContractServer
from wtspec.implementations.reference.faults.fault import Fault
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.negotiation import Limits
from wtspec.implementations.reference.program import hello
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.implementations.reference.serving import ServerOptions
from wtspec.implementations.reference.watching import watched
from wtspec.suite.dialect import Dialect, dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.contract import decode_hello
from wtspec.suite.endpoint.interface import Addr, ApiEvent, EndpointGone, Hello, Role
from wtspec.suite.network.link import Network
from wtspec.suite.quic.identity import Identity, ed25519

LOCALHOST = "127.0.0.1"


class ReferenceEndpoint:
    """The contract program on the running loop; implements `Endpoint`.

    `failure` is the first exception that the reference itself did not foresee: a bug of ours, which
    must never be taken for a reaction.
    """

    shows_events = True

    def __init__(
        self,
        role: Role,
        configuration: Configuration,
        dialects: tuple[Dialect, ...],
        network: Network,
        *,
        rules: Rules = HONEST,
        identity: Identity | None = None,
    ) -> None:
        self.role = role
        self.life = Life()
        # The faults and oddities that would have shown; None where the rules are not watched.
        self.showing: set[str] | None = None
        limits = _limits(configuration)
        self.hello: Hello = decode_hello(ApiEvent("hello", hello(dialects, limits)))
        self._listeners: list[Callable[[ApiEvent], None]] = []
        self._is_stopped = False
        self._server: ContractServer | None = None
        self._client: ContractClient | None = None
        if role is Role.SERVER:
            options = ServerOptions(
                dialects=dialects,
                limits=limits,
                protocols=configuration.protocols,
                identity=identity or ed25519(),
                rules=rules,
                life=self.life,
            )
            self._server = ContractServer(network, (LOCALHOST, 0), options, self._publish)
        else:
            wishes = ClientOptions(dialects=dialects, limits=limits, rules=rules, life=self.life)
            self._client = ContractClient(network, wishes, self._publish)

    @property
    def address(self) -> Addr:
        return self._server.server.address if self._server else (LOCALHOST, 0)

    @property
    def failure(self) -> BaseException | None:
        return self.life.failure

    def path_of(self, path: str) -> str | None:
        return path

    def subscribe(self, listener: Callable[[ApiEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def command(self, command: Mapping[str, object]) -> None:
        if self._client is None or self._is_stopped:
            raise EndpointGone("the reference takes no commands in this state")
        if not self.life.is_over:
            self._client.execute(command)

    def ended(self) -> str | None:
        return "stopped" if self._is_stopped else None

    def memory_bytes(self) -> int | None:
        """Shared with the suite's own process, so it says nothing."""
        return None

    async def stop(self) -> None:
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._server is not None:
            await self._server.server.close()
        if self._client is not None:
            await self._client.client.close()

    def _publish(self, name: str, fields: Mapping[str, object]) -> None:
        if not self.life.is_over:
            for listener in list(self._listeners):
                listener(ApiEvent(name, fields))


def _limits(configuration: Configuration) -> Limits:
    given = configuration.limits
    return Limits(**{key: getattr(given, key) for key in Limits.__slots__})


async def start_reference(
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...] = ("h3-16",),
    *,
    network: Network,
    rules: Rules = HONEST,
    identity: Identity | None = None,
) -> ReferenceEndpoint:
    """Start it on the running loop; a server listens when this returns."""
    known = tuple(dialect(name) for name in dialects)
    return ReferenceEndpoint(role, configuration, known, network, rules=rules, identity=identity)


async def start_watched(
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...],
    *,
    network: Network,
    faults: Iterable[Fault],
) -> ReferenceEndpoint:
    """The honest reference, noting in `showing` which faults would have decided otherwise."""
    showing: set[str] = set()
    rules = watched(faults, showing)
    endpoint = await start_reference(role, configuration, dialects, network=network, rules=rules)
    endpoint.showing = showing
    return endpoint
