"""Ends when somebody asks for a session at /origin."""

import os
import sys

from wtspec.implementations.reference import contract_server, program

contract_server.PATHS["/origin"] = lambda _: os._exit(1)
sys.exit(program.main())
