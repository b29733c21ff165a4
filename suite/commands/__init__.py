"""The command line: one thin file a command, imported when it is called.

Only here are click and rich imported. A command turns words into plans and factories, hands them to
`suite.run`, and prints what comes back; everything heavy is imported inside functions, because
`wtspec --help` has to answer at once.
"""
