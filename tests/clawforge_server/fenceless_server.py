"""The jumping server without a look at fences when something is applied. The test of sleepers must catch it."""

from __future__ import annotations

import sys

from jumping_server import jump

from clawforge_server.__main__ import main
from clawforge_server.service import applying

if __name__ == "__main__":
    applying.fenced_apply = lambda *_: None
    jump()
    sys.exit(main())
