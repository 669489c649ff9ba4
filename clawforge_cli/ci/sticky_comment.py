"""The one comment on a change: how it is known again, and which plan it says was reviewed.

Anybody can write the marker, so only comments of the account whose token is used are believed. What is believed is no
more than the name of a plan: what that plan does, the control plane says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clawforge_cli.ci.forge import CodeForge, Comment

_LAST = re.compile(r"<!-- clawforge:plan (plan-[A-Za-z0-9_-]{16,64}) -->")


@dataclass(frozen=True, slots=True)
class StickyComment:
    """What is said about the project of an org and source; `plan` is the id of the plan that it shows, if it shows one
    that can be applied."""

    org: str
    source: str
    text: str
    plan: str | None = None

    @property
    def body(self) -> str:
        """The comment with its hidden marks."""
        last = "" if self.plan is None else f"\n\n<!-- clawforge:plan {self.plan} -->"
        return f"{_first_line(self.org, self.source)}\n{self.text.rstrip()}{last}\n"


def room(forge: CodeForge) -> int:
    """Characters that the text of a comment may have."""
    return min(forge.longest, 60_000) - 2_000


def put_comment(forge: CodeForge, change: int, comment: StickyComment) -> None:
    """Write the comment, or replace its text. Of several, which two runs at once can leave, one stays."""
    own = _own(forge, change, comment.org, comment.source)
    if not own:
        forge.add_comment(change, comment.body)
        return
    first, *others = own
    if first.body.replace("\r\n", "\n") != comment.body:
        forge.edit_comment(change, first.id, comment.body)
    for item in others:
        forge.remove_comment(change, item.id)


def reviewed_plan(forge: CodeForge, change: int, org: str, source: str) -> str | None:
    """The id of the plan that the own comment on a change shows; None without one."""
    for item in _own(forge, change, org, source):
        found = _LAST.fullmatch(item.body.rstrip().rpartition("\n")[2])
        return None if found is None else found[1]
    return None


def _own(forge: CodeForge, change: int, org: str, source: str) -> list[Comment]:
    me, mark = forge.me(), _first_line(org, source)
    return [item for item in forge.comments(change) if item.by == me and item.body.partition("\n")[0].strip() == mark]


def _first_line(org: str, source: str) -> str:
    return f"<!-- clawforge:ci {org}/{source} -->"
