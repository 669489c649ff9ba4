"""What was written for a new project, and what to do with it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge_cli.new_files import Written
    from clawforge_cli.starter import Choices

_NEXT = (
    ("clawforge lint", "every problem of every file"),
    ("clawforge test --coverage", "the tests, and which rules they leave out"),
    ("clawforge plan --offline", "what an apply would create"),
)


def show_new_project(
    directory: Path,
    choices: Choices,
    done: Written,
    surroundings: tuple[Path | None, Path | None],
    printer: Printer,
) -> None:
    """What was written and what was there, then commands to type in this order."""
    from clawforge_cli.starter import made_up_admin

    where = "this directory" if str(directory) == "." else str(directory)
    printer.line(f"Wrote {len(done.written)} files to {safe(where)}.")
    printer.line(f"  org:   {choices.org}")
    unreal = " (nobody yet: pass --admin, or change policies/people.yaml)"
    printer.line(f"  owner: {safe(choices.admin)}{unreal if choices.admin == made_up_admin(choices.org) else ''}")
    if done.kept:
        printer.line(f"  kept:  {safe(', '.join(done.kept))}")
    _show_surroundings(*surroundings, done, printer)
    printer.line()
    printer.line(("bold", "Next:"))
    if str(directory) != ".":
        printer.line(f"  cd {safe(shlex.quote(_argument(directory)))}")
    for command, meaning in _NEXT:
        printer.line(f"  {command:<27}{meaning}")
    printer.line()
    printer.line("README.md says what each file is for." if "README.md" in done.written else "Begin in policies/.")


def _argument(directory: Path) -> str:
    """The directory as an argument that no command takes for an option."""
    return f"./{directory}" if str(directory).startswith("-") else str(directory)


def _show_surroundings(repository: Path | None, project: Path | None, done: Written, printer: Printer) -> None:
    from clawforge_cli.schema_files import EDITOR_SETTINGS

    if EDITOR_SETTINGS in done.kept:
        printer.line(f"`clawforge schema --editor` says what to add to {EDITOR_SETTINGS} for completion.")
    if repository is not None:
        printer.line(
            f"{safe(repository)} is the top of the git repository: .github/ and CODEOWNERS count only there, "
            "so move them."
        )
    if project is not None:
        printer.line(
            f"{safe(project)} is a project too, and does not lint with another one inside: "
            "have its clawforge.yaml `exclude` this directory."
        )
