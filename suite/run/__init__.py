"""From a catalogue to verdicts: plan, attempts, confirmation, supervision, store.

Endpoints are handed in by the doors (`commands`, `plugin`), never made here. `run_case` in
`attempt` decides every verdict, for either door and either kind of time; `reports` reads `stored`
alone.
"""
