"""What became of an org of the public ClawForge, for people and for programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.adoption.conversion import Conversion, Fate
from clawforge_cli.views.adopted import argument, show_written
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.adoption.dump import DumpedProject
    from clawforge_cli.project_writing import WrittenProject

_MOST_SHOWN = 50
"""Of one fate."""
_TITLES = {
    Fate.TODO: ("yellow", "To do by hand:"),
    Fate.CHANGED: ("yellow", "Means something else now:"),
    Fate.DROPPED: ("red", "Not carried over:"),
}


def show_conversion(
    dumped: DumpedProject, conversion: Conversion, done: WrittenProject, directory: Path, printer: Printer
) -> None:
    """What was written, then everything that is not as it was; nothing is left out silently."""
    kinds = Counter(item.kind for item in conversion.resources)
    printer.line(f"Wrote the org {safe(conversion.org)} to {safe(directory)}.")
    show_written(done, printer)
    printer.line("  holds:  " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    for fate, title in _TITLES.items():
        items = [item for item in conversion.remarks if item.fate is fate]
        if items:
            printer.line()
            printer.line(title)
        for item in items[:_MOST_SHOWN]:
            printer.paragraph(safe(item.message), first=(f"  {safe(item.where)}: ",), hang=4)
        if len(items) > _MOST_SHOWN:
            printer.line(f"  and {len(items) - _MOST_SHOWN:,} more, which --format json lists.")
    if conversion.unsaid:
        printer.line()
        printer.line(f"{conversion.unsaid:,} more remarks were only counted.")
    where = safe(argument(directory))
    printer.line()
    printer.line(f"Next: `clawforge lint {where}`, then `clawforge plan {where}`.")


def conversion_json(dumped: DumpedProject, conversion: Conversion) -> dict[str, Any]:
    """`{org, source, files[], resources[], remarks[{fate, where, message}], unsaid}`."""
    return {
        "org": conversion.org,
        "source": dumped.file.source,
        "files": sorted(dumped.texts),
        "resources": [item.address for item in conversion.resources],
        "remarks": [
            {"fate": item.fate.value, "where": item.where, "message": item.message} for item in conversion.remarks
        ],
        "unsaid": conversion.unsaid,
    }
