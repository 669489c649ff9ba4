"""The server with a monotonic clock that a file beside its data sets forward: leases end without anybody waiting."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from clawforge_server.__main__ import main
from clawforge_server.clock import SystemClock


def jump() -> None:
    """Let the file DATA.jump say how many seconds passed that did not."""
    data = Path(sys.argv[sys.argv.index("--data") + 1])
    ahead = data.with_name(f"{data.name}.jump")

    def monotonic(self: SystemClock) -> float:
        return time.monotonic() + (float(ahead.read_text()) if ahead.exists() else 0.0)

    SystemClock.monotonic = monotonic  # type: ignore[method-assign]


if __name__ == "__main__":
    jump()
    sys.exit(main())
