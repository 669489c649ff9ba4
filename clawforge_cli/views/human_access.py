"""Who may use a tool, and what somebody may use, for people."""

from __future__ import annotations

from clawforge.analysis.wording import subject_words
from clawforge.resource.meta import format_instant
from clawforge.wire_access import HoldersView, WhatCanAnswer, WhoCanAnswer
from clawforge_cli.views.terminal import Printer, safe

_STYLES = {"allow": "green", "redact": "yellow", "ask": "yellow", "deny": "red"}
_MOST_NAMES = 8


def show_holders(answer: WhoCanAnswer, printer: Printer) -> None:
    """Those who are known, then those who may still come."""
    printer.line(f"{safe(answer.tool)} at {format_instant(answer.at)}")
    known = [item for item in answer.holders if item.newcomer is None]
    for holders in known:
        printer.line("  ", (_STYLES[holders.level], f"{holders.level:<6}"), f" {_names(holders)}{_way(holders)}")
        printer.line(f"         {_base(holders.base)}")
    coming = [item for item in answer.holders if item.newcomer is not None]
    if coming:
        printer.line("Somebody who is not known yet:")
    for holders in coming:
        if holders.newcomer is not None:
            who = safe(subject_words(holders.newcomer))
            printer.line("  ", (_STYLES[holders.level], f"{holders.level:<6}"), f" {who}  {_base(holders.base)}")


def show_tools(answer: WhatCanAnswer, printer: Printer) -> None:
    """The tools by level."""
    printer.line(f"{safe(subject_words(answer.subject, answer.at))}  {_base(answer.base)}")
    for level, style in _STYLES.items():
        tools = list(dict.fromkeys(safe(item.tool) for item in answer.tools if item.level == level))
        if tools:
            printer.line("  ", (style, f"{level:<6}"), f" {', '.join(tools)}")


def _base(base: str | None) -> str:
    return f"({safe(base)})" if base is not None else "(no base policy)"


def _names(holders: HoldersView) -> str:
    names = [*holders.users, *holders.instances]
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(safe(name) for name in names[:_MOST_NAMES]) + more


def _way(holders: HoldersView) -> str:
    parts = []
    if holders.agent is not None:
        parts.append(f"through {safe(holders.agent)}")
    if holders.context is not None:
        parts.append(f"in the context {safe(holders.context)}")
    return f", {' '.join(parts)}" if parts else ""
