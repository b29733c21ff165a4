"""Generated examples have no deadline each: a busy machine is not a slow codec."""

from hypothesis import settings

settings.register_profile("wire", deadline=None)
settings.load_profile("wire")
