"""The pytest door: the same catalogue, the same verdicts, as pytest items."""
