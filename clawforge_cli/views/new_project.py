"""What to do with a new project."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge_cli.starter import Choices


def show_next_steps(directory: Path, choices: Choices, files: int, printer: Printer) -> None:
    """What was written, and commands to type in this order."""
    where = str(directory)
    printer.line(f"Wrote {files} files for the org {choices.org} to {safe(where)}.")
    printer.line()
    printer.line(("bold", "Next:"))
    if where != ".":
        printer.line(f"  cd {safe(shlex.quote(where))}")
    printer.line("  clawforge lint")
    printer.line("  clawforge test --coverage")
    printer.line("  clawforge plan --offline")
    printer.line()
    printer.line("Then put your own people into people.yaml, and your teams into CODEOWNERS.")
