"""The server with heartbeats written once an hour. The test of what a crash loses must catch it."""

from __future__ import annotations

import sys

from clawforge_server import chores
from clawforge_server.__main__ import main

if __name__ == "__main__":
    chores._FLUSH_SECONDS = 3_600.0
    sys.exit(main())
