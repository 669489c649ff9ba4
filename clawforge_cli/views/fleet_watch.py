"""A fleet on a terminal, or the changes of it as lines."""

from __future__ import annotations

import datetime as dt
import io
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawforge.fleet_changes import FleetChange, fleet_changes
from clawforge.resource.meta import format_instant
from clawforge_cli.settings import colour_wanted
from clawforge_cli.views.human_fleet import show_instances
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.wire_enrollment import InstanceList


def show_looks(found: Iterable[InstanceList]) -> None:
    """Show every look as it comes: a table that is renewed on a terminal, else lines about what is new."""
    if colour_wanted():
        _renew(found)
        return
    printer, before = Printer(), None
    for after in found:
        if before is None:
            show_instances(after, printer)
        else:
            now = format_instant(dt.datetime.now(dt.UTC).replace(microsecond=0))
            for change in fleet_changes(before, after):
                printer.line(f"{now}  {change_words(change)}")
        sys.stdout.flush()
        before = after


def change_words(change: FleetChange) -> str:
    """A change in one line."""
    name = safe(change.instance)
    if change.what == "state" and change.before is None:
        return f"{name}  is new, {safe(change.after)}"
    if change.what == "state" and change.after is None:
        return f"{name}  is not in the selection any more"
    before, after = (safe(value) if value is not None else "unknown" for value in (change.before, change.after))
    return f"{name}  {change.what}: {before} -> {after}"


def _renew(found: Iterable[InstanceList]) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        for look in found:
            text = io.StringIO()
            show_instances(look, Printer(text, colour=False))
            live.update(Text(text.getvalue().rstrip("\n"), no_wrap=True, overflow="ellipsis"), refresh=True)
