"""From a stored run to documents: pure functions of `suite.run.stored`, which is all they import.

The doors (`suite.commands`, `suite.plugin`) call them; nothing else does.
"""
