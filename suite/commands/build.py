"""`wtspec build`: one of the known implementations, with its own tools."""

import shlex

import click


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Build one of the known implementations, as its manifest says, and say how to run it."""
    from wtspec.implementations.building import BuildError, build
    from wtspec.implementations.manifest import ManifestError, directory
    from wtspec.suite.commands.failure import EnvironmentTrouble, usage

    try:
        manifest = build(name)
    except ManifestError as error:
        raise usage(str(error)) from error
    except BuildError as error:
        raise EnvironmentTrouble(str(error)) from error
    assert manifest.process is not None
    program, *rest = shlex.split(manifest.process.exec)
    words = shlex.join([str(directory(name) / program), *rest])
    click.echo(f"built {manifest.name} {manifest.version}; run it with")
    click.echo(f"    wtspec run --exec {shlex.quote(words)}")
