"""A version that changed something, as answers about the past name it."""

from __future__ import annotations

from clawforge.resource.meta import Instant, Strict


class Mark(Strict):
    """A version: a revision of the control plane, or a commit. `author` is the commit's, `actor` who applied it.

    A rollback has the commit of the state that it goes back to, and says so in `rollback_to`.
    """

    revision: int | None = None
    commit: str | None = None
    at: Instant
    actor: str | None = None
    author: str | None = None
    subject: str | None = None
    dirty: bool = False
    rollback_to: int | None = None
