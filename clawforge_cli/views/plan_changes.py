"""The changes of a plan, kind by kind and field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from clawforge.lint.discretion import without_secrets
from clawforge.plan import Action, Change, FieldChange, Summary
from clawforge_cli.views.terminal import Printer, safe

MARKS = {
    Action.CREATE: ("green", "+"),
    Action.UPDATE: ("yellow", "~"),
    Action.DELETE: ("red", "-"),
    Action.MOVE: ("cyan", ">"),
    Action.FORGET: ("cyan", "."),
}
"""Colour and mark of each action; the first three are Terraform's."""

_SENTENCE = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.DELETE: "will be destroyed",
    Action.MOVE: "will be renamed",
    Action.FORGET: "will stay and belong to nobody",
}
_LONGEST_VALUE = 200
_MOST_ITEMS = 30
_HANG = 10


def summary_text(summary: Summary) -> str:
    """`2 to add, 1 to change, 1 to destroy`; renamed and forgotten resources where there are some."""
    parts = [f"{summary.add} to add", f"{summary.change} to change", f"{summary.destroy} to destroy"]
    if summary.move:
        parts.append(f"{summary.move} to rename")
    if summary.forget:
        parts.append(f"{summary.forget} to forget")
    return ", ".join(parts)


def show_changes(
    changes: Sequence[Change], printer: Printer, *, detail: bool, sentences: Mapping[Action, str] = _SENTENCE
) -> int:
    """Print every change, those of one kind together; `detail` also lists the fields of what is created and destroyed.
    `sentences` say what becomes, or became, of a resource. Returns how many fields are hidden."""
    hidden = 0
    for kind, group in groupby(changes, key=lambda change: change.address.partition("/")[0]):
        found = list(group)
        printer.line()
        if len(found) > 1:
            printer.line(("bold", safe(kind)), f" ({len(found)})")
        for change in found:
            hidden += _show_change(change, printer, detail=detail, sentences=sentences)
    return hidden


def sentence(change: Change, sentences: Mapping[Action, str] = _SENTENCE) -> str:
    """What happens to the resource, without its address."""
    if change.previous is not None:
        return f"{sentences[change.action]} from {safe(change.previous)}"
    if change.owner is not None:
        taken = f"taken over from the source {safe(change.owner)}" if change.owner else "taken in, which nobody owns"
        return f"will be {taken}" + (", and updated in-place" if change.fields else "")
    return sentences[change.action]


def value_text(value: Any) -> str:
    """A value on one line: no credential in it, harmless, and cut where it is too long, with how much there is."""
    text = safe(without_secrets(json.dumps(value, ensure_ascii=False, separators=(",", ":"))))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}... ({len(text):,} characters)"


def set_difference(field: FieldChange) -> tuple[list[str], list[str], int] | None:
    """Members that leave a list of texts, members that come, and how many stay; None for any other value."""
    before, after = field.before, field.after
    if not (_is_text_list(before) and _is_text_list(after)):
        return None
    had, has = set(before), set(after)
    return [item for item in before if item not in has], [item for item in after if item not in had], len(had & has)


def _show_change(change: Change, printer: Printer, *, detail: bool, sentences: Mapping[Action, str]) -> int:
    style, mark = MARKS[change.action]
    where = f" ({safe(change.location.file)}:{change.location.line})" if change.location else ""
    printer.paragraph(
        f"{sentence(change, sentences)}{where}",
        first=("  ", (style, mark), ("bold", f" {safe(change.address)}"), " "),
        hang=6,
    )
    if change.action in (Action.CREATE, Action.DELETE) and not detail:
        return len(change.fields)
    for field in change.fields:
        _show_field(field, printer)
    return 0


def _show_field(field: FieldChange, printer: Printer) -> None:
    path = safe(field.path)
    if field.before is None:
        printer.paragraph(value_text(field.after), first=("      ", ("green", "+"), f" {path}: "), hang=_HANG)
        return
    if field.after is None:
        printer.paragraph(value_text(field.before), first=("      ", ("red", "-"), f" {path}: "), hang=_HANG)
        return
    members = set_difference(field)
    if members is None:
        change = f"{value_text(field.before)} -> {value_text(field.after)}"
        printer.paragraph(change, first=("      ", ("yellow", "~"), f" {path}: "), hang=_HANG)
        return
    printer.line("      ", ("yellow", "~"), f" {path}:")
    gone, come, kept = members
    _show_members(gone, ("red", "-"), printer)
    _show_members(come, ("green", "+"), printer)
    if kept:
        printer.line(f"            ({kept:,} unchanged)")


def _show_members(items: Sequence[str], mark: tuple[str, str], printer: Printer) -> None:
    for item in items[:_MOST_ITEMS]:
        printer.paragraph(value_text(item), first=("          ", mark, " "), hang=12)
    if len(items) > _MOST_ITEMS:
        printer.line("          ", mark, f" ({len(items) - _MOST_ITEMS:,} more)")


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
