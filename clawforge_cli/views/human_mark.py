"""A version that changed something, as text."""

from __future__ import annotations

from clawforge.mark import Mark
from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import safe

_SHORT = 12


def version(mark: Mark) -> str:
    """`revision 12 (commit abc1234, Ada <ada@acme.example>, applied by user:ada), 2026-05-03T10:00:00Z`."""
    changes = " with uncommitted changes" if mark.dirty else ""
    commit = f"commit {safe(mark.commit[:_SHORT])}{changes}" if mark.commit else ""
    about = [safe(mark.author) if mark.author else "", safe(mark.subject) if mark.subject else ""]
    if mark.revision is None:
        head, rest = commit, about
    else:
        applied = f"applied by {safe(mark.actor)}" if mark.actor else ""
        back = f"rollback to revision {mark.rollback_to}" if mark.rollback_to is not None else ""
        head, rest = f"revision {mark.revision}", [back, commit, *about, applied]
    inside = ", ".join(part for part in rest if part)
    return f"{head}{f' ({inside})' if inside else ''}, {format_instant(mark.at.replace(microsecond=0))}"
