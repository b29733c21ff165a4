"""Negotiating an application protocol (draft-ietf-webtrans-http3-16 section 3.3)."""

from collections.abc import Sequence

from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.suite.dialect import Dialect, ProtocolSyntax
from wtspec.suite.wire import structured_fields
from wtspec.suite.wire.fields import Field


def offer_field(
    dialect: Dialect, protocols: Sequence[str], rules: RequestRules
) -> tuple[Field, ...]:
    """The request field that offers `protocols`, most wanted first; none where there is none.

    ValueError for a name that the dialect's syntax cannot hold.
    """
    if not protocols or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    if dialect.protocols is ProtocolSyntax.TOKEN:
        value = structured_fields.format_tokens(protocols)
    else:
        value = structured_fields.format_strings(protocols)
    return ((dialect.available_protocols_field, rules.offer_value(value)),)


def offered(dialect: Dialect, lines: Sequence[bytes], rules: RequestRules) -> tuple[str, ...]:
    """What the lines of a request's field offer; nothing where it must be ignored."""
    if not lines or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    value = b", ".join(rules.field_lines(lines))
    if dialect.protocols is ProtocolSyntax.TOKEN:
        honest = structured_fields.parse_list_of_tokens(value) or ()
    else:
        honest = structured_fields.parse_list_of_strings(value) or ()
    return tuple(rules.offer_in(value, honest))


def choice_field(dialect: Dialect, protocol: str | None, rules: RequestRules) -> tuple[Field, ...]:
    """The response field that names the choice."""
    if protocol is None or dialect.protocols is ProtocolSyntax.NONE:
        return ()
    if dialect.protocols is ProtocolSyntax.TOKEN:
        value = structured_fields.format_token(protocol)
    else:
        value = structured_fields.format_string(protocol)
    return ((dialect.protocol_field, rules.choice_value(value)),)


def chosen(dialect: Dialect, lines: Sequence[bytes], rules: RequestRules) -> str | None:
    """What the lines of a response's field name; None where it must be ignored."""
    if not lines or dialect.protocols is ProtocolSyntax.NONE:
        return None
    value = b", ".join(rules.field_lines(lines))
    if dialect.protocols is ProtocolSyntax.TOKEN:
        honest = structured_fields.parse_token(value)
    else:
        honest = structured_fields.parse_string(value)
    return rules.choice_in(value, honest)
