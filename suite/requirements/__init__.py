"""What the documents require, as data (TOML) and the `ledger` that loads and checks it.

Imports only the standard library; anyone above may import `ledger`.
"""
