"""A plan for a comment on a pull request: GitHub's and GitLab's Markdown, kept below the size that a forge accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from clawforge.meaning import AccessLine, Meaning
from clawforge.plan import Approvals, Change, FieldChange, Plan
from clawforge_cli.views.approval_words import what_lacks, who_agrees
from clawforge_cli.views.human_meaning import VERDICT_WORDS, access_sentence, witness_sentence
from clawforge_cli.views.lint_markdown import markdown_text
from clawforge_cli.views.overlay_words import overlay_count, overlay_sentence
from clawforge_cli.views.plan_changes import MARKS, sentence, set_difference, summary_text, value_text

MOST_CHARACTERS = 60_000
"""GitHub refuses a comment of more than 65,536 characters; what puts the comment there may add its own."""

_ROOM_FOR_THE_CUT = 400
_MOST_LINES = 25
_FENCE = re.compile(r"`{3,}|~{3,}")


def plan_markdown(plan: Plan, *, limit: int = MOST_CHARACTERS) -> str:
    """The plan as Markdown of at most `limit` characters; it says what was cut. The same plan gives the same bytes."""
    head = "\n".join(_head(plan))
    sections = [_kind(kind, list(group)) for kind, group in groupby(plan.changes, key=_kind_of)]
    room = limit - len(head) - _ROOM_FOR_THE_CUT
    shown: list[str] = []
    cut = 0
    for kind, count, text in sections:
        short = f"- {kind}: {count}\n"
        if cut == 0 and len(text) <= room:
            shown.append(text)
            room -= len(text)
        elif len(short) <= room:
            cut += count
            shown.append(short)
            room -= len(short)
        else:
            cut += count
    tail = ""
    if cut:
        noun = "change does" if cut == 1 else "changes do"
        tail = f"\n**{cut:,} more {noun} not fit into a comment.** `clawforge show` prints all of them.\n"
    return (head + "\n" + "".join(shown) + tail)[:limit]


def _head(plan: Plan) -> Iterator[str]:
    org, source = markdown_text(plan.org), markdown_text(plan.source)
    if plan.is_empty:
        yield "### clawforge: no changes"
        yield f"\nOrg {org} already says what the files of {source} say."
        yield from _overlays(plan)
        return
    yield f"### clawforge plan: {summary_text(plan.summary)}"
    yield f"\nOrg {org}, source {source}, on revision {plan.base.revision}."
    yield from _overlays(plan)
    yield from _meaning(plan.meaning)
    for warning in plan.warnings[:_MOST_LINES]:
        place = f"{markdown_text(warning.file)}:{warning.line}: " if warning.file else ""
        yield f"\n> **Warning** {place}{markdown_text(warning.message)}"
    yield from _more(len(plan.warnings) - _MOST_LINES, "warning")
    yield from _approvals(plan.approvals)
    yield ""


def _overlays(plan: Plan) -> Iterator[str]:
    """What an apply does not end."""
    if not plan.overlays:
        return
    yield f"\n**{overlay_count(plan.overlays)}**, which an apply does not end:"
    for item in plan.overlays[:_MOST_LINES]:
        yield f"- {markdown_text(overlay_sentence(item))}"
    yield from _more(len(plan.overlays) - _MOST_LINES, "overlay")


def _approvals(approvals: Approvals) -> Iterator[str]:
    for need in approvals.needed[:_MOST_LINES]:
        yield f"\n**Needs approval** by {markdown_text(who_agrees(need))}."
    for given in approvals.given[:_MOST_LINES]:
        why = f": {markdown_text(given.reason)}" if given.reason else ""
        vouched = f" in the git forge, says {markdown_text(given.vouched_by)}" if given.vouched_by is not None else ""
        yield f"\n**{given.verdict.capitalize()}** by {markdown_text(given.by)}{vouched}{why}"
    for lack in approvals.missing[:_MOST_LINES]:
        yield f"\n**Missing**: {markdown_text(what_lacks(lack))}"


def _meaning(meaning: Meaning) -> Iterator[str]:
    words = VERDICT_WORDS.get(meaning.verdict, "what it does to everybody is not known.")
    yield f"\n**Verdict: {meaning.verdict}**: {words}"
    for word, witness in (("More", meaning.looser), ("Less", meaning.tighter)):
        if witness is not None:
            yield f"- {word}: {markdown_text(witness_sentence(witness, meaning.at))}"
    for doubt in meaning.unknown[:_MOST_LINES]:
        yield f"- Unknown: {markdown_text(doubt)}"
    lines = [("+", line) for line in meaning.gains] + [("-", line) for line in meaning.losses]
    if not lines:
        return
    yield "\n| | Access | Who |"
    yield "|-|-|-|"
    for mark, line in lines[:_MOST_LINES]:
        yield f"| {mark} | {_cells(line)} |"
    yield from _more(len(lines) - _MOST_LINES + meaning.omitted, "line")


def _cells(line: AccessLine) -> str:
    return " | ".join(markdown_text(part) for part in access_sentence(line))


def _more(count: int, noun: str) -> Iterator[str]:
    if count > 0:
        yield f"\n({count:,} more {noun}{'' if count == 1 else 's'})"


def _kind_of(change: Change) -> str:
    return change.address.partition("/")[0]


def _kind(kind: str, changes: Sequence[Change]) -> tuple[str, int, str]:
    """Kind, how many, and a section that can be folded: marks stand where a forge colours a diff."""
    lines: list[str] = []
    for change in changes:
        mark = {"~": "!", ">": "!", ".": "!"}.get(MARKS[change.action][1], MARKS[change.action][1])
        where = f" ({change.location.file}:{change.location.line})" if change.location else ""
        lines.append(_plain(f"{mark} {change.address} {sentence(change)}{where}"))
        lines += [_plain(line) for field in change.fields for line in _field(field)]
    summary = f"<summary>{markdown_text(kind)}: {len(changes)}</summary>"
    body = "\n".join(lines)
    return markdown_text(kind), len(changes), f"\n<details>{summary}\n\n```diff\n{body}\n```\n\n</details>\n"


def _field(field: FieldChange) -> Iterator[str]:
    if field.before is None:
        yield f"+     {field.path}: {value_text(field.after)}"
        return
    if field.after is None:
        yield f"-     {field.path}: {value_text(field.before)}"
        return
    members = set_difference(field)
    if members is None:
        yield f"-     {field.path}: {value_text(field.before)}"
        yield f"+     {field.path}: {value_text(field.after)}"
        return
    gone, come, kept = members
    yield f"!     {field.path}: {len(gone)} less, {len(come)} more, {kept} unchanged"
    for mark, items in (("-", gone), ("+", come)):
        yield from (f"{mark}         {value_text(item)}" for item in items[:_MOST_LINES])
        if len(items) > _MOST_LINES:
            yield f"{mark}         ({len(items) - _MOST_LINES} more)"


def _plain(line: str) -> str:
    """A line that cannot end the block that it stands in."""
    from clawforge_cli.views.terminal import safe

    return _FENCE.sub(lambda found: "".join(f"\\u{{{ord(mark):04x}}}" for mark in found.group()), safe(line))
