"""How answers about the past name a revision, as far as the caller may know."""

from __future__ import annotations

from clawforge.mark import Mark
from clawforge.wire import Revision
from clawforge_server.auth.principal import Principal


def mark_of(revision: Revision) -> Mark:
    """The revision, who applied it, and the commit that it came from."""
    return Mark(
        revision=revision.number,
        commit=revision.commit,
        at=revision.created_at,
        actor=revision.actor,
        author=revision.commit_author,
        dirty=revision.dirty,
        rollback_to=revision.rollback_to,
    )


def mark_for(who: Principal, mark: Mark) -> Mark:
    """Number and moment only, for who may not read revisions."""
    return mark if who.may("revisions:read") else Mark(revision=mark.revision, at=mark.at)
