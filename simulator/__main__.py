"""``python -m simulator``."""

import sys

from simulator.cli import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
