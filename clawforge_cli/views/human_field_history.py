"""Who set the fields of a resource, for people: one line a field, one a list item."""

from __future__ import annotations

from typing import Any

from clawforge.field_history import FieldBlame, FieldEdit, FieldHistory, ItemBlame
from clawforge.mark import Mark
from clawforge.plan import Action, FieldChange
from clawforge_cli.views.human_mark import version
from clawforge_cli.views.plan_changes import value_text
from clawforge_cli.views.terminal import Printer, columns, safe

_LONGEST_VALUE = 60
_WIDEST = 40
_VERBS = {
    Action.CREATE: "created it",
    Action.DELETE: "deleted it",
    Action.UPDATE: "changed it",
    Action.MOVE: "renamed it",
}


def show_field_history(found: FieldHistory, printer: Printer, *, every: bool) -> None:
    """Each field with the revision that set it, or with `every` the changes, newest first."""
    name = f" {safe(found.field)}" if found.field else ""
    printer.line(("bold", f"{safe(found.address)}{name}"), f" at revision {found.revision}")
    if every or not found.fields:
        if not found.fields:
            printer.line("  is not set now" if found.field else "  is not there now")
        for edit in found.edits:
            _show_edit(edit, found.field, printer)
    else:
        for field in found.fields:
            _show_field(field, printer, named=len(found.fields) > 1 or field.path != found.field)
    if found.next is not None:
        printer.line(("yellow", "Older revisions were not looked at"), f", from below {found.next} on.")


def _show_field(field: FieldBlame, printer: Printer, *, named: bool) -> None:
    path = f"{safe(field.path)}: " if named else ""
    if not field.items:
        printer.line(f"  {path}{_value(field.value)}  ", ("yellow", _since(field.mark)))
        return
    if named:
        printer.line(f"  {safe(field.path)}:")
    indent = "    " if named else "  "
    width = min(_WIDEST, max(columns(_value(item.value)) for item in field.items))
    for item in field.items:
        _show_item(item, printer, width, indent=indent)
    if _number(field.mark) not in {_number(item.mark) for item in field.items}:
        printer.line(
            f"  {'  ' if named else ''}(something was taken out since, in ", ("yellow", _since(field.mark)), ")"
        )


def _show_item(item: ItemBlame, printer: Printer, width: int, *, indent: str) -> None:
    text = _value(item.value)
    printer.line(f"{indent}{text}{' ' * max(0, width - columns(text))}  ", ("yellow", _since(item.mark)))


def _show_edit(edit: FieldEdit, field: str | None, printer: Printer) -> None:
    printer.line("  ", ("yellow", version(edit.mark)), f" {'' if field else _VERBS[edit.action]}".rstrip())
    for change in edit.fields:
        _show_change(change, printer)


def _show_change(change: FieldChange, printer: Printer) -> None:
    path = safe(change.path)
    before, after = change.before, change.after
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for mark, style, items in (
            ("-", "red", [item for item in before if item not in after]),
            ("+", "green", [item for item in after if item not in before]),
        ):
            for item in items:
                printer.line("    ", (style, mark), f" {path}: {_value(item)}")
        return
    if before is None:
        printer.line("    ", ("green", "+"), f" {path}: {_value(after)}")
    elif after is None:
        printer.line("    ", ("red", "-"), f" {path}: {_value(before)}")
    else:
        printer.line("    ", ("yellow", "~"), f" {path}: {_value(before)} -> {_value(after)}")


def _since(mark: Mark | None) -> str:
    return "older than what was looked at" if mark is None else version(mark)


def _number(mark: Mark | None) -> int | None:
    return None if mark is None else mark.revision


def _value(value: Any) -> str:
    text = value_text(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
