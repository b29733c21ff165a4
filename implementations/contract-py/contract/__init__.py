"""The endpoint contract of wtspec, version 1, for any Python library that runs on asyncio.

A stack implements the protocols of `contract.stack` and calls `contract.program.run`; everything
that the contract says of commands, events and paths is here, once. Nothing but the standard library
is imported, so that it runs wherever a library does.
"""
