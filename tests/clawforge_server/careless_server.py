"""The server with uses of enrolment tokens that are counted in two steps. The test of enrolments must catch it."""

from __future__ import annotations

import sys
import time

import sqlalchemy as sa

from clawforge_server.__main__ import main
from clawforge_server.store import tables
from clawforge_server.store.sqlite.enrollments import SqlEnrollments

_seen: dict[str, tuple[float, int]] = {}


def _use(self: SqlEnrollments, org: str, enrollment_id: str) -> bool:
    """By a count that was read a moment ago, as if it were read in a transaction of its own."""
    table = tables.enrollments
    here = (table.c.org == org, table.c.id == enrollment_id)
    read = self._connection.execute(sa.select(table.c.uses_left).where(*here)).scalar_one()
    at, left = _seen.get(enrollment_id, (0.0, 0))
    if time.monotonic() - at > 0.05:
        at, left = _seen[enrollment_id] = time.monotonic(), read
    if left <= 0:
        return False
    self._connection.execute(sa.update(table).where(*here).values(uses_left=max(0, left - 1)))
    return True


if __name__ == "__main__":
    SqlEnrollments.use = _use  # type: ignore[method-assign]
    sys.exit(main())
