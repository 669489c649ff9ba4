"""What was proposed to git, and what is to be done with it."""

from __future__ import annotations

import shlex
from typing import Any

from clawforge_cli.proposing import Proposed
from clawforge_cli.views.adopted import argument
from clawforge_cli.views.terminal import note, safe

_SHORT = 12


def note_proposed(done: Proposed) -> None:
    """Where it is, and the next step; nothing where the files themselves were changed."""
    if done.branch is not None and done.commit is not None:
        branch = safe(shlex.quote(done.branch))
        note(
            f"{branch} has it as commit {done.commit[:_SHORT]}; your files stay as they are. `git push REMOTE {branch}`"
        )
    if done.patch is not None:
        option = " --keep-cr" if done.keeps_cr else ""
        note(f"{safe(done.patch)} has it. `git am{option} {safe(argument(done.patch))}` takes it in.")


def proposal_document(done: Proposed) -> dict[str, Any]:
    """`{proposal?{branch, commit, parent} | {patch, parent}}`."""
    if done.branch is not None:
        return {"proposal": {"branch": done.branch, "commit": done.commit, "parent": done.parent}}
    if done.patch is not None:
        return {"proposal": {"patch": str(done.patch), "parent": done.parent}}
    return {}
