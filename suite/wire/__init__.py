"""Bytes to values and back, for every codepoint of every draft, without state of a connection.

Encoders can write what an honest endpoint never would (non-minimal varints, lying lengths,
illegal field sections); decoders report what is malformed and leave the consequence to the
policy above them. Anyone in the package may import these modules; they import the standard
library, pylsqpack (fields only) and http_sf (structured_fields only).
"""
