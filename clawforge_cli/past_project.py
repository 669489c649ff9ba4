"""A project as a commit has it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge_cli.gitops.objects import CommitObject, Objects


def project_of(root: Path, objects: Objects, commit: CommitObject, now: dt.datetime) -> Project:
    """The project in the same folder as today's `root`. Raises InputError if the commit has none, or one with problems
    that a command would stop at; NoObjectsError if it cannot be read.
    """
    from clawforge.lint.engine import obstacles
    from clawforge.load.project import load_project
    from clawforge_cli.gitops.committed_files import CommittedFiles

    folder = objects.project_tree(commit.tree)
    if folder is None:
        raise InputError(f"The commit {commit.id[:12]} has no folder {objects.below}.")
    project = load_project(root, files=CommittedFiles(root, objects, folder))
    errors = obstacles(project, now=now)
    if errors:
        first = errors[0]
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        raise InputError(
            f"The files of the commit {commit.id[:12]} have {count}; the first is at {first.location}: {first.message}"
        )
    return project
