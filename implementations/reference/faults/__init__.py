"""Deliberate misbehaviours of the reference, one decision each, and odd but legal behaviours.

Imported by the doors and by tests; `registry.py` has all of them by name.
"""
