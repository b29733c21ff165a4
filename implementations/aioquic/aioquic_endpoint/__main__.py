import sys

from aioquic_endpoint.stack import Aioquic
from contract.program import run

sys.exit(run(Aioquic()))
