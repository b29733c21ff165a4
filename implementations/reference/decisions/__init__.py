"""The observable decisions of the reference, one method each, so that a fault overrides just one.

Imported by the reference and its faults only.
"""
