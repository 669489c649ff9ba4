"""Following an audit log: the newest records first, then every one that is written, across broken connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from clawforge.errors import UnavailableError
from clawforge.ledger.record import AuditEvent
from clawforge_cli.audit_client import AuditFilter, AuditLog

_LONGEST_WAIT = 30.0


def follow_log(
    log: AuditLog,
    org: str,
    wanted: AuditFilter,
    *,
    lines: int,
    after: int | None,
    follow: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[AuditEvent]:
    """Records oldest first: those above `after`, or else the newest `lines`, and with `follow` all that come.

    A connection that breaks is made again after the last record that was seen. Raises the errors of a refusal.
    """
    last = after
    if after is None:
        newest = list(log.records(org, AuditFilter(), newest_first=True, limit=1))
        last = newest[0].seq if newest else 0
        found = list(log.records(org, wanted, newest_first=True, limit=lines)) if lines else []
        for event in reversed(found):
            last = max(last, event.seq)
            yield event
    elif not follow:
        yield from log.records(org, wanted, after=after, limit=2**53)
    if not follow:
        return
    wait = 1.0
    while True:
        try:
            for event in log.follow(org, wanted, last):
                last, wait = event.seq, 1.0
                yield event
        except UnavailableError as error:
            sleep(max(error.retry_after, wait))
            wait = min(wait * 2, _LONGEST_WAIT)
