"""The project as it is where a change goes, for a plan without a control plane."""

from __future__ import annotations

import datetime as dt
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
    try:
        with open_objects(project.root) as objects:
            commit = _base(objects, base)
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
