"""What a commit changes by itself, which is all that was approved in its forge."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError
from clawforge_cli.ci.base_files import files_before
from clawforge_cli.offline_plan import plan_offline

if TYPE_CHECKING:
    from clawforge.load.project import Project


def own_change(project: Project, now: dt.datetime) -> str | None:
    """The change digest of the commit that is checked out, held against its first parent: that of a plan which makes
    this change and no other. None where it cannot be told, as in a clone of that commit alone."""
    try:
        before = files_before(project, now)
        return None if before is None else plan_offline(project, before, now)[0].digest
    except ClawforgeError:
        # The two versions speak for different orgs, or cannot be held against one another.
        return None
