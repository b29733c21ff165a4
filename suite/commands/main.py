"""`wtspec`: the door for people and for CI."""

import importlib
import os
import sys
import traceback

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.pipes import open_streams, silence, tell

# Command to its module and its line in --help, so that --help imports none of them.
_COMMANDS = {
    "run": ("run", "Run cases against an endpoint and judge it."),
    "list": ("listing", "Show the cases that there are."),
    "explain": ("explain", "Say what one case does, expects and rests on."),
    "prove": ("prove", "Show that every case can fail, and fails for nothing else."),
    "serve": ("serve", "Run our reference server, for people to connect to."),
    "connect": ("connect", "Open a session with our reference client."),
    "check-endpoint": ("check_endpoint", "Try whether a program speaks the contract."),
    "probe": ("probe", "Say which dialects a server speaks."),
    "doctor": ("doctor", "Say what of this machine is ready for which runs."),
    "bench": ("bench", "Measure what a run costs."),
    "interop": ("interop", "Run implementations against each other."),
    "implementations": ("implementations", "List the known implementations."),
    "build": ("build", "Build images of known implementations."),
}


class _LazyGroup(click.Group):
    """Imports a command's module when that command is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"wtspec.suite.commands.{_COMMANDS[cmd_name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], _COMMANDS, n=1) or ["--help"]
            raise click.UsageError(f"no command {args[0]!r}; try `wtspec {near[0]}`")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "WTSPEC",
        "max_content_width": 100,
    },
)
@click.version_option(package_name="wtspec", message="wtspec %(version)s")
def cli() -> None:
    """Check a WebTransport implementation against the drafts, case by case.

    `wtspec run` with no argument shows a whole run: our own reference, in both roles. `wtspec run
    --exec CMD` or `--url URL` runs yours.
    """


def _colour() -> bool | None:
    """What the user asked for, as https://no-color.org has it; None: what the terminal can."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def main() -> None:
    """The console script. Exit status: 0 as expected, 1 non-conformance, 2 usage, 3 environment,
    4 our own error, 5 nothing ran, 130 interrupted.
    """
    open_streams()
    try:
        status = _status()
        sys.stdout.flush()
    except BrokenPipeError:
        status = ExitCode.AS_EXPECTED  # whoever read us has seen enough
    except OSError as error:
        # Whatever else cannot be read or written is dealt with where it is.
        click.echo(f"wtspec: cannot go on: {error}", err=True)
        status = ExitCode.ENVIRONMENT
    except Exception:  # noqa: BLE001 - the interpreter would end with 1, which accuses the endpoint
        traceback.print_exc()
        click.echo("wtspec: this is a mistake of wtspec itself; please report the above", err=True)
        status = ExitCode.HARNESS_ERROR
    silence()
    sys.exit(int(status or 0))


def _status() -> int | None:
    """What the command comes to, a mistake of the user's included."""
    try:
        status: int | None = cli(standalone_mode=False, color=_colour())
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else error.exit_code
    except SystemExit:
        return ExitCode.AS_EXPECTED  # click's own answer to a pipe that nobody reads any more
    except (click.Abort, KeyboardInterrupt) as stopped:
        if str(stopped):
            tell(f"wtspec: {stopped}")
        return ExitCode.INTERRUPTED
    return status
