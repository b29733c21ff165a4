"""Negotiating an application protocol (draft-ietf-webtrans-http3-16 section 3.3)."""

from collections.abc import Sequence

from wtspec.suite.dialect import Dialect, ProtocolSyntax
from wtspec.suite.wire import structured_fields
from wtspec.suite.wire.fields import Field


def offer_field(dialect: Dialect, protocols: Sequence[str]) -> tuple[Field, ...]:
    """The request field that offers `protocols`, most wanted first; none where there is none.

    ValueError for a name that the dialect's syntax cannot hold.
    """
    if not protocols or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    if dialect.protocols is ProtocolSyntax.TOKEN:
        value = structured_fields.format_tokens(protocols)
    else:
        value = structured_fields.format_strings(protocols)
    return ((dialect.available_protocols_field, value),)


def offered(dialect: Dialect, value: bytes | None) -> tuple[str, ...]:
    """What a request field offers; nothing where it is absent or must be ignored."""
    if value is None or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    if dialect.protocols is ProtocolSyntax.TOKEN:
        return structured_fields.parse_list_of_tokens(value) or ()
    return structured_fields.parse_list_of_strings(value) or ()


def choice_field(dialect: Dialect, protocol: str | None) -> tuple[Field, ...]:
    """The response field that names the choice."""
    if protocol is None or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    if dialect.protocols is ProtocolSyntax.TOKEN:
        value = structured_fields.format_token(protocol)
    else:
        value = structured_fields.format_string(protocol)
    return ((dialect.protocol_field, value),)


def chosen(dialect: Dialect, value: bytes | None) -> str | None:
    """What a response field names; None where it is absent or must be ignored."""
    if value is None or dialect.protocols is ProtocolSyntax.NONE:
        return None
    if dialect.protocols is ProtocolSyntax.TOKEN:
        return structured_fields.parse_token(value)
    return structured_fields.parse_string(value)
