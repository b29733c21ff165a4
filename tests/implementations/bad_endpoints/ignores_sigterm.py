"""Does everything right until it is asked to end."""

import signal
import sys

from wtspec.implementations.reference import program

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
sys.exit(program.main())
