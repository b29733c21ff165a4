"""A server: takes requests, and answers each as its path says."""

from collections.abc import Collection

from contract import application, routes
from contract.events import Events
from contract.session import Live, Mode
from contract.settings import Settings
from contract.stack import Failure, Request
from contract.tasks import Tasks


class Server:
    """Answers requests, each in a task of its own."""

    def __init__(self, events: Events, settings: Settings, unsupported: Collection[str]) -> None:
        self._events = events
        self._protocols = settings.protocols
        self._unsupported = unsupported
        self._tasks = Tasks()

    def take(self, request: Request) -> None:
        self._tasks.start(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            match routes.answer(request.head, self._unsupported):
                case routes.Refuse(routes.NOT_OFFERED):
                    await request.refuse(routes.NOT_OFFERED, {"wtspec": "not-offered"})
                case routes.Refuse(status):
                    await request.refuse(status, {})
                case routes.Run(wanted, negotiates):
                    protocol = self._chosen(request) if negotiates else None
                    await self._serve(request, wanted, protocol)
        except Failure as failure:
            self._events.log(f"{request.head.path}: {failure}")

    def _chosen(self, request: Request) -> str | None:
        """The first of our protocols that is offered."""
        offered = request.head.protocols
        return next((one for one in self._protocols if one in offered), None)

    async def _serve(
        self, request: Request, wanted: application.Application, protocol: str | None
    ) -> None:
        session = await request.accept(protocol)
        mode = Mode()
        mode.set(echo=None, read=True)
        live = Live(self._events.session_name(), session, self._events, mode)
        head = request.head
        self._events.emit(
            "session",
            session=live.name,
            path=head.path,
            origin=head.origin,
            headers=dict(head.headers),
            protocol=protocol,
            wire_id=session.wire_id,
        )
        await application.run(live, wanted)
