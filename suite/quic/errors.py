"""Misuse of a connection by our own side; what the wire brings is an event, never an exception."""


class QuicMisuse(Exception):
    """The call cannot be carried out on this stream or connection, and nothing was done."""
