"""What is going to change by itself, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge_cli.look_ahead import Outlook


def show_outlook(outlook: Outlook, printer: Printer, *, word: str) -> None:
    """After a blank line one line each, the next first: when, what it is about with its place, and what happens. `word`
    stands before the horizon: `By`, `Until`."""
    printer.line()
    heading = f"{word} {safe(outlook.until)}"
    if not outlook.items:
        printer.line(f"{heading} nothing changes by itself.")
        return
    printer.line(("bold", f"{heading}:"))
    for item in outlook.items:
        where = f" ({safe(item.file)}:{item.line})" if item.file is not None else ""
        first = (f"  {format_instant(item.at)}  ", ("bold", safe(item.address)), f"{where}: ")
        printer.paragraph(safe(item.what), first=first, hang=4)
