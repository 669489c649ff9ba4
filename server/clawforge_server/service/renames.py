"""What revisions renamed: the plans that were applied say so, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.history import chained
from clawforge.wire import Revision
from clawforge_server.store.port import Transaction

_MOST_REVISIONS = 5_000
"""Between two revisions further apart than this, a renamed resource is one that is gone and one that is new."""
_READ_AT_ONCE = 100


def renamed_in(transaction: Transaction, org: str, revision: Revision) -> dict[str, str]:
    """Former to later address of what one revision renamed."""
    if not revision.summary.move:
        return {}
    plan = transaction.plans.get(org, revision.plan_id)
    changes = plan.document.changes if plan is not None else ()
    return {change.previous: change.address for change in changes if change.previous is not None}


def renamed_between(transaction: Transaction, org: str, low: int, high: int) -> dict[str, str]:
    """The address at `low` to the one at `high`, of what revisions above `low` up to `high` renamed."""
    if high - low > _MOST_REVISIONS:
        return {}
    steps = [renamed_in(transaction, org, revision) for revision in _revisions(transaction, org, low, high)]
    return chained(reversed(steps))


def _revisions(transaction: Transaction, org: str, low: int, high: int) -> Iterator[Revision]:
    """Newest first."""
    below = high + 1
    while below > low + 1 and (page := transaction.revisions.page(org, below, _READ_AT_ONCE)):
        yield from (revision for revision in page if revision.number > low)
        below = page[-1].number
