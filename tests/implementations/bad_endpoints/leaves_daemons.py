"""Starts two that outlive it, one of which holds its pipes; argv is how they are known."""

import os
import subprocess
import sys

from wtspec.implementations.reference import program

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(100)", *sys.argv[1:]]
# It holds our pipes.
subprocess.Popen(SLEEP, start_new_session=True)
if os.fork() == 0:
    # Its parent ends at once, so that it is nobody's child.
    subprocess.Popen(SLEEP, start_new_session=True, stdout=subprocess.DEVNULL)
    os._exit(0)
sys.exit(program.main())
