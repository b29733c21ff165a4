from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from contract import application, routes
from contract.application import Close, Echo, Hold, Reset, Sink, Source, Stop
from contract.stack import Closure, Head

if TYPE_CHECKING:
    from wtspec.tests.implementations.contract_py.conftest import Serving

Serve: TypeAlias = "Callable[[], Serving]"


@pytest.mark.parametrize(
    ("path", "origin", "answer"),
    [
        ("/echo?token=x", None, routes.Run(Echo())),
        ("/sink", None, routes.Run(Sink())),
        ("/hold", None, routes.Run(Hold())),
        ("/source?bidi=2&uni=1&datagrams=3&bytes=0", None, routes.Run(Source(2, 1, 3, 0))),
        ("/close?code=7&reason=a+b%20%C3%A9", None, routes.Run(Close(7, "a+b \u00e9", False))),
        ("/close?after=stream", None, routes.Run(Close(0, "", True))),
        ("/reset?code=9", None, routes.Run(Reset(9))),
        ("/stop?code=x", None, routes.Run(Stop(0))),
        ("/protocols", None, routes.Run(Echo(), negotiates=True)),
        ("/reject?status=429", None, routes.Refuse(429)),
        ("/origin", None, routes.Run(Sink())),
        ("/origin", "https://allowed.test", routes.Run(Sink())),
        ("/origin", "https://other.test", routes.Refuse(403)),
        ("/origin", "https://other.test, https://allowed.test", routes.Refuse(403)),
        ("/echo/", None, routes.Refuse(404)),
        ("/drain", None, routes.Refuse(501)),
    ],
)
def test_a_path_has_its_answer(
    path: str, origin: str | None, answer: routes.Run | routes.Refuse
) -> None:
    assert routes.answer(Head(path, origin), ["/drain"]) == answer


def test_the_pattern_counts_to_250() -> None:
    assert application.pattern(253) == bytes(i % 251 for i in range(253))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "offered", "answer"),
    [
        ("/protocols", ("b", "a"), "a"),
        ("/protocols", ("c",), None),
        ("/echo", ("a",), None),
        ("/close", (), (501, {"wtspec": "not-offered"})),
        ("/nowhere", (), (404, {})),
    ],
)
async def test_a_server_answers(
    path: str, offered: tuple[str, ...], answer: object, serve: Serve
) -> None:
    serving = serve()
    head = Head(path, protocols=offered, headers={"x": "y"})
    answered, session = await serving.ask(head)
    assert answered == answer
    if not isinstance(answer, tuple):
        told = await serving.seen.wait("session")
        assert (told["path"], told["protocol"], told["headers"]) == (path, answer, {"x": "y"})
        session.peer_closes(Closure())
        await serving.seen.wait("closed")
