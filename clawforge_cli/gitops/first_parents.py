"""The history of the present branch, first parents only: what the branch itself said, one commit after the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from clawforge_cli.gitops.objects import CommitObject, NoObjectsError, Objects

MOST_COMMITS = 100_000
"""Commits that are looked at; a longer history is cut off there."""


def first_parents(objects: Objects) -> Iterator[CommitObject]:
    """From HEAD back to the first commit. Raises NoObjectsError at the first one, or where a clone is cut off."""
    commit = objects.head()
    for _ in range(MOST_COMMITS):
        yield commit
        if not commit.parents:
            return
        try:
            commit = objects.commit(commit.parents[0])
        except NoObjectsError as error:
            raise NoObjectsError(f"the history ends at {commit.id[:12]}, whose parent is not here") from error
    raise NoObjectsError(f"the history is longer than {MOST_COMMITS:,} commits")


def commit_at(objects: Objects, moment: dt.datetime) -> CommitObject | None:
    """The newest commit of the branch that its committer's clock puts no later than a moment; None if all are later.

    Raises NoObjectsError, also where the clone does not reach back so far.
    """
    return next((commit for commit in first_parents(objects) if commit.committed <= moment), None)
