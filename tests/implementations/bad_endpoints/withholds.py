"""Opens none of the streams that it is asked for at /source."""

import sys

from wtspec.implementations.reference import applications, contract_server, program

contract_server.PATHS["/source"] = lambda _: applications.SINK
sys.exit(program.main())
