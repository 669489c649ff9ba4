"""`clawforge fmt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def fmt(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Project directories, or single files.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 when a file is not in the style.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Lay out files in one style, with every comment kept. Lists the files that it changed."""
    from clawforge.diagnostic import Diagnostic, has_errors
    from clawforge_cli.layout_files import find_files, lay_out
    from clawforge_cli.replace_file import replace_file
    from clawforge_cli.views import human_layout, human_problems
    from clawforge_cli.views.terminal import Printer, note, safe

    printer = Printer()
    names, problems = find_files(paths or [Path()])
    diagnostics = list(problems)
    changed = refused = 0
    for file in lay_out(names):
        found = (file,) if isinstance(file, Diagnostic) else file.formatted.diagnostics
        diagnostics += found
        refused += bool(found)
        if isinstance(file, Diagnostic) or not file.formatted.changed:
            continue
        changed += 1
        if diff:
            human_layout.show_diff(file.name, file.before, file.formatted.text, printer)
        else:
            if not check:
                replace_file(Path(file.name), file.before, file.formatted.text)
            printer.line(safe(file.name))
    unique = sorted(set(diagnostics), key=lambda item: item.sort_key)
    human_problems.show_diagnostics(unique, Printer(sys.stderr, colour=None if sys.stderr.isatty() else False))
    unchanged = len(names) - changed - refused
    note(human_layout.summary(changed, unchanged, refused, written=not (check or diff)))
    if has_errors(unique) or (check and changed):
        raise typer.Exit(ExitCode.FINDINGS)
