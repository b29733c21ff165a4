"""Endpoints to test: our own reference and other people's stacks, and the ways to attach them.

A sub-folder with an `implementation.toml` is an implementation: its manifest, its endpoint program
and its baseline of known failures. The modules beside them attach an endpoint (a process, a
container, a remote URL) behind `suite.endpoint.interface`. The doors (`suite.commands`,
`suite.plugin`) import this; the suite itself never does.
"""
