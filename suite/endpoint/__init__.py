"""What is under test, as the suite sees it: roles, applications, configurations, the contract.

Imports only the standard library, so that an attachment written elsewhere needs no more.
"""
