"""What stands between the runs of a watch, on standard error so that it never mixes with what is found."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from clawforge_cli.views.terminal import Printer, safe

_LONGEST_RULE = 80


def show_start(now: dt.datetime) -> None:
    """A line across the screen with the time of day: what follows is new."""
    printer = Printer(sys.stderr)
    head = f"---- {now:%H:%M:%S} "
    printer.line(("bold", head + "-" * (min(printer.columns, _LONGEST_RULE) - len(head))))
    sys.stderr.flush()


def show_waiting(path: Path) -> None:
    """That the run is over and nothing hangs."""
    Printer(sys.stderr).line(("dim", f"Watching {safe(path)}; Ctrl-C ends."), "\n")


def show_end() -> None:
    """The prompt of a shell begins on a line of its own, behind the `^C` that a terminal shows."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")
