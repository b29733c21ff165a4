"""The catalogue: one file per family, nothing but cases.

A case imports what it talks about (`case`, `expectation`, `signal`, `dialect`, `wire`, a Path,
Applications, Configurations, the Peer's public names) and never another family, asyncio or pytest.
"""
