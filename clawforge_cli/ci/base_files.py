"""The project as it is where a change goes, for a plan without a control plane."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge_cli.compared import Compared
from clawforge_cli.gitops.objects import CommitObject, NoObjectsError, Objects, open_objects
from clawforge_cli.past_project import project_of

if TYPE_CHECKING:
    from clawforge.load.project import Project


def base_files(project: Project, base: str | None, now: dt.datetime) -> Compared | None:
    """The files at the base commit, or else at the first parent of a merge that is checked out; None if neither is
    there to read, as in a clone that is too shallow."""
    return _files_at(project, lambda objects: _base(objects, base), now)


def files_before(project: Project, now: dt.datetime) -> Compared | None:
    """The files at the first parent of the commit that is checked out, which is where its branch was before; None if
    they are not there to read."""
    return _files_at(project, _before, now)


def _files_at(project: Project, chosen: Callable[[Objects], CommitObject | None], now: dt.datetime) -> Compared | None:
    try:
        with open_objects(project.root) as objects:
            commit = chosen(objects)
            if commit is None:
                return None
            past = project_of(project.root, objects, commit, now)
            file, name = past.file, f"the files at {commit.id[:12]}"
            return Compared(file.org, file.source, tuple(past.values), dict(past.positions), name)
    except (NoObjectsError, InputError, OSError):
        return None


def _base(objects: Objects, base: str | None) -> CommitObject | None:
    if base is not None:
        try:
            return objects.commit(bytes.fromhex(base))
        except (NoObjectsError, ValueError):
            pass
    head = objects.head()
    return objects.commit(head.parents[0]) if len(head.parents) > 1 else None


def _before(objects: Objects) -> CommitObject | None:
    parents = objects.head().parents
    return objects.commit(parents[0]) if parents else None
