"""The server on a disk that is full as long as a file exists, which FULL_DISK_MARK names: SQLite may not grow then."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from clawforge_server.__main__ import main
from clawforge_server.store.sqlite import database

_MARK = Path(os.environ.get("FULL_DISK_MARK", "/nonexistent"))
_MOST = 1_073_741_823
_begin = database._begin


def _begin_in_the_room_there_is(connection: Any) -> None:
    cursor = connection.connection.dbapi_connection
    if _MARK.exists():
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}").close()
    else:
        cursor.execute(f"PRAGMA max_page_count = {_MOST}").close()
    _begin(connection)


if __name__ == "__main__":
    database._begin = _begin_in_the_room_there_is
    sys.exit(main())
