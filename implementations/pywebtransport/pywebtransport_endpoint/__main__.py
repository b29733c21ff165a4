import sys

from contract.program import run
from pywebtransport_endpoint.stack import Pywebtransport

sys.exit(run(Pywebtransport()))
