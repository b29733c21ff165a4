"""`python -m wtspec.implementations.reference`: the contract program."""

import sys

from wtspec.implementations.reference.program import main

sys.exit(main())
