"""The server with its transactions taken away: every statement commits by itself. A crash test must notice."""

from __future__ import annotations

import sys
from typing import Any

from clawforge_server import __main__ as program
from clawforge_server.store.sqlite import database


def _begin_nothing(connection: Any) -> None:
    """SQLite then commits each statement."""


if __name__ == "__main__":
    database._begin = _begin_nothing
    sys.exit(program.main())
