"""What the drafts say, and how we check it.

Layers, lowest first; `tests/test_architecture.py` reads the imports and holds them to it:

    wire  network  endpoint          nothing of ours
    dialect  requirements  quic      wire; network
    signal                           what can be seen
    peer                             our wire-level other side
    bystander                        what the packets of two others show
    case  expectation  verdict       data, and the pure judge
    cases                            the catalogue
    run                              plan, attempts, verdicts, store
    commands  plugin                 the two doors
"""
