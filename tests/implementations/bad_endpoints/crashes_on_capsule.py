"""Is killed by its own bug when a capsule of an unknown type comes."""

import os
import signal
import sys

from wtspec.implementations.reference import program
from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.rules import HONEST
from wtspec.suite.wire.capsule import Received, SkippedCapsule, UnknownCapsule


class Crashes(CapsuleRules):
    def meant(self, received: Received) -> Received:
        if isinstance(received, UnknownCapsule | SkippedCapsule):
            sys.stderr.write("panic: index out of bounds\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGSEGV)
        return received


vars(program)["HONEST"] = HONEST.overridden(Crashes())
sys.exit(program.main())
