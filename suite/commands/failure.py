"""Errors that a user can cause: one sentence with a way out, and the exit status they end in."""

from typing import IO, Any

import click

from wtspec.suite.commands.exit_code import ExitCode


class EnvironmentTrouble(click.ClickException):
    """Something around us is missing or in the way; the message may quote an endpoint."""

    exit_code = int(ExitCode.ENVIRONMENT)

    def show(self, file: IO[Any] | None = None) -> None:
        from wtspec.reports.block import visible

        click.echo(f"wtspec: {visible(self.format_message())}", err=True, file=file)


class OurFault(click.ClickException):
    """A mistake of the suite itself."""

    exit_code = int(ExitCode.HARNESS_ERROR)

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"wtspec: {self.format_message()}", err=True, file=file)


def usage(message: str) -> click.UsageError:
    return click.UsageError(message)
