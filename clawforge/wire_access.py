"""Who may use what, as documents: the answers of `who-can` and `what-can`."""

from __future__ import annotations

from clawforge.analysis.asking import Holders
from clawforge.analysis.level import Level
from clawforge.analysis.sections.tools import ToolKind
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Instant, Strict


class HoldersView(Strict):
    """People and machines who get one level through one base policy. `newcomer` is there instead for somebody who does
    not exist yet: whoever comes and is like it gets the same."""

    level: str
    base: str | None = None
    agent: str | None = None
    context: str | None = None
    users: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    newcomer: Subject | None = None


class WhoCanAnswer(Strict):
    """Who may call a tool, the freest first."""

    tool: str
    at: Instant
    holders: tuple[HoldersView, ...]


class ToolLevel(Strict):
    """A tool, or all tools of a sort, and the most that some call of it gets."""

    tool: str
    level: str


class WhatCanAnswer(Strict):
    """What a subject may use, the freest first; apart from DLP and versions."""

    subject: Subject
    at: Instant
    base: str | None = None
    tools: tuple[ToolLevel, ...]


def holders_view(found: Holders) -> HoldersView:
    """The document of one group of holders."""
    return HoldersView(
        level=found.level.word,
        base=found.base,
        agent=found.agent,
        context=found.context,
        users=tuple(found.users),
        instances=tuple(item.name for item in found.instances),
        newcomer=found.newcomer,
    )


def tool_level(kind: ToolKind, level: Level) -> ToolLevel:
    """The document of one tool."""
    return ToolLevel(tool=kind.label, level=level.word)
