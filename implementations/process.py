"""An endpoint attached as a plain process: `--exec 'CMD'` of the contract.

The process speaks the contract on stdin and stdout. It is not sandboxed, only bounded: see `child`.
"""

import tempfile
from pathlib import Path

from wtspec.implementations.child import Child, Command
from wtspec.implementations.launch import HOST, Launch, certificates, free_port
from wtspec.implementations.program import Making, OnEnd, OnLine, ProgramEndpoint, Running, S
from wtspec.suite.endpoint import contract
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import EndpointGone, Role
from wtspec.suite.quic.identity import Identity


async def start(
    launch: Launch,
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...],
    identity: Identity,
) -> ProgramEndpoint:
    """Start the program; raises what `ProgramEndpoint.started` does.

    `identity` is the server's own, or for a client that of our side.
    """
    return await start_for(
        ProgramEndpoint, launch, role, configuration, dialects, identity=identity
    )


async def start_for(
    making: Making[S],
    launch: Launch,
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...],
    *,
    identity: Identity,
) -> S:
    """The same, for somebody else."""
    address = (HOST, free_port() if role is Role.SERVER else 0)
    files = tempfile.TemporaryDirectory(prefix="wtspec-")
    endpoint = making(role, address, files)

    async def starting(on_line: OnLine, on_end: OnEnd) -> Running:
        variables = {
            **contract.environment(configuration, dialects),
            **launch.variables(role, address),
            **certificates(identity, Path(files.name)),
        }
        try:
            command = Command(launch.arguments, variables, launch.directory)
            return await Child.start(command, on_line, on_end)
        except OSError as error:
            raise EndpointGone(f"cannot be started: {error}") from error

    await endpoint.started(starting, launch.deadline_s)
    return endpoint
