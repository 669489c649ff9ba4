"""`clawforge fmt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clawforge.diagnostic import Diagnostic
    from clawforge.errors import ClawforgeError
    from clawforge_cli.layout_files import LaidOutFile
    from clawforge_cli.views.terminal import Printer

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_STANDARD_INPUT = Path("-")


@app.command()
def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Folders of projects, or single files; `-` filters standard input."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 when a file is not in the style.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Lay out files in one style, with every comment kept. Lists the files that it changed."""
    from clawforge.errors import InputError

    given = paths or [Path()]
    if given == [_STANDARD_INPUT]:
        failed = _filter(check=check, diff=diff)
    elif _STANDARD_INPUT in given:
        raise InputError("`-` stands for standard input alone.", hint="Format the files with a command of their own.")
    else:
        failed = _format_files(given, check=check, diff=diff)
    if failed:
        raise typer.Exit(failed)


def _format_files(paths: Sequence[Path], *, check: bool, diff: bool) -> ExitCode:
    from clawforge_cli.exit_codes import exit_code_for
    from clawforge_cli.layout_files import LaidOutFile, find_files, lay_out
    from clawforge_cli.views import human_layout
    from clawforge_cli.views.human_problems import show_error

    names, problems = find_files(paths)
    told = list(problems)
    failures: list[ClawforgeError] = []
    tally = human_layout.Tally(written=not (check or diff))
    for file in lay_out(names):
        found = file.formatted.diagnostics if isinstance(file, LaidOutFile) else (file,)
        told += found
        if not isinstance(file, LaidOutFile) or found:
            tally.left_alone(found)
        elif not file.formatted.changed:
            tally.unchanged += 1
        elif tally.written and (failure := _not_written(file)):
            failures.append(failure)
            tally.refused += 1
        else:
            tally.changed += 1
            _show(file, diff=diff)
    # What goes to standard output stands first in a log that takes both.
    sys.stdout.flush()
    findings = _tell(told)
    for failure in failures:
        show_error(failure)
    _errors_printer().paragraph(tally.sentence())
    if failures:
        return exit_code_for(failures[0])
    return ExitCode.FINDINGS if findings or (check and tally.changed) else ExitCode.OK


def _not_written(file: LaidOutFile) -> ClawforgeError | None:
    """Write a file; the reason if that failed, so that the other files are still done."""
    from clawforge.errors import ClawforgeError
    from clawforge_cli.replace_file import replace_file

    try:
        replace_file(Path(file.name), file.before, file.formatted.text)
    except ClawforgeError as error:
        return error
    return None


def _show(file: LaidOutFile, *, diff: bool) -> None:
    from clawforge_cli.views.human_layout import show_diff
    from clawforge_cli.views.terminal import Printer, safe

    if diff:
        show_diff(file.name, file.before, file.formatted.text, Printer())
    else:
        Printer().line(safe(file.name))


def _filter(*, check: bool, diff: bool) -> ExitCode:
    """Standard input to standard output. Text that cannot be formatted comes out as it went in, for it may replace
    what somebody has open in an editor.
    """
    import shutil

    from clawforge.errors import InputError
    from clawforge.layout.document import format_resources
    from clawforge.load.limits import DEFAULT_LIMITS
    from clawforge_cli.views import human_layout
    from clawforge_cli.views.terminal import Printer

    # Python sets no stream where the shell closed the descriptor.
    if sys.stdin is None or sys.stdout is None:
        raise InputError("Standard input or output is closed.", hint="Name the file instead of `-`.")
    name = "<stdin>"
    before = sys.stdin.buffer.read(DEFAULT_LIMITS.max_bytes + 1)
    formatted = format_resources(before, name)
    if diff:
        if formatted.changed:
            human_layout.show_diff(name, before, formatted.text, Printer())
    elif not check:
        sys.stdout.buffer.write(formatted.text)
        if len(before) > DEFAULT_LIMITS.max_bytes:
            shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.flush()
    findings = _tell(formatted.diagnostics)
    return ExitCode.FINDINGS if findings or (check and formatted.changed) else ExitCode.OK


def _tell(diagnostics: Sequence[Diagnostic]) -> bool:
    """Show what is wrong with the files; answers whether any of it is an error."""
    from clawforge.diagnostic import has_errors
    from clawforge_cli.views.human_problems import show_diagnostics

    unique = sorted(set(diagnostics), key=lambda item: item.sort_key)
    show_diagnostics(unique, _errors_printer())
    return has_errors(unique)


def _errors_printer() -> Printer:
    from clawforge_cli.views.terminal import Printer

    return Printer(sys.stderr, colour=None if sys.stderr.isatty() else False)
