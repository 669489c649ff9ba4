"""`clawforge rules`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Write = Annotated[Path | None, typer.Option("--write", metavar="DIR", help="Write a page for each rule there.")]
Check = Annotated[bool, typer.Option("--check", help="With --write: write nothing; exit 3 when a page is out of date.")]


@app.command()
def rules(write: Write = None, check: Check = False) -> None:
    """List the lint rules, or write their reference pages."""
    from clawforge.errors import InputError
    from clawforge.lint.registry import RULES

    if write is not None:
        _write(write, check=check)
        return
    if check:
        raise InputError("--check needs --write DIR.", hint="Name the directory of the pages.")
    width = max(len(rule.id) for rule in RULES)
    for rule in RULES:
        typer.echo(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.name}")


def _write(folder: Path, *, check: bool) -> None:
    from clawforge.lint.pages import pages
    from clawforge.lint.registry import RULES
    from clawforge_cli.views.terminal import note

    wanted = pages(RULES)
    present = {path.name: path.read_bytes() for path in folder.glob("*.md")} if folder.is_dir() else {}
    written = sorted(name for name, text in wanted.items() if present.get(name) != text.encode())
    gone = sorted(present.keys() - wanted.keys())
    if check:
        if written or gone:
            note(f"Out of date: {', '.join(written + gone)}. Run `clawforge rules --write {folder}`.")
            raise typer.Exit(ExitCode.FINDINGS)
        typer.echo(f"{len(wanted)} pages are up to date.")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in written:
        (folder / name).write_bytes(wanted[name].encode())
    if gone:
        note(f"No rule has these pages any more; remove them: {', '.join(gone)}.")
    typer.echo(f"Wrote {len(written)} of {len(wanted)} pages.")
