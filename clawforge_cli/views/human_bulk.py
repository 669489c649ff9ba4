"""What came of many machines, for people: the failures by name, and the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.wire_bulk import BulkAnswer


def show_bulk(answer: BulkAnswer, done: str, printer: Printer) -> None:
    """`done` is the word for what was to happen, such as `revoked`."""
    for item in answer.failed:
        printer.line(("red", "failed"), f"  {safe(item.instance)}: {safe(item.detail or item.code or 'unknown')}")
    total, failed = len(answer.results), len(answer.failed)
    if not total:
        printer.line("No machines.")
        return
    rest = f", {failed:,} failed" if failed else ""
    printer.line(("bold", f"{total - failed:,} of {total:,} {done}{rest}."))
