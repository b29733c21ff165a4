"""Greets, and answers neither packets nor commands; its port stays closed."""

import os
import signal

os.write(1, b'{"event": "hello", "contract": 1, "name": "unanswering", "version": "1"}\n')
signal.pause()
