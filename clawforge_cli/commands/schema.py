"""`clawforge schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory to write to; default is schemas, with --editor the project.")
    ] = None,
    editor: Annotated[
        bool, typer.Option("--editor", help="Write only what an editor needs, into .vscode/ of a project.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 when a file is out of date.")] = False,
) -> None:
    """Write the JSON Schemas of every document, generated from the models."""
    from clawforge_cli.schema_files import editor_files, every_schema, stale_files, write_files
    from clawforge_cli.views.terminal import note, safe

    folder = out if out is not None else Path("." if editor else "schemas")
    include = _include(folder) if editor else None
    texts = editor_files(include) if editor else every_schema()
    stale = stale_files(folder, texts)
    if check and stale:
        again = f"clawforge schema{' --editor' if editor else ''}{'' if out is None else f' --out {out}'}"
        note(f"Out of date: {', '.join(stale)}. Run `{safe(again)}`.")
        raise typer.Exit(ExitCode.FINDINGS)
    write_files(folder, stale)
    current = "The editor's schema is" if editor else f"{len(texts)} schemas are"
    typer.echo(f"Wrote {', '.join(stale)}." if stale else f"{current} up to date.")
    if editor:
        _say_what_is_missing(folder, include)


def _include(folder: Path) -> tuple[str, ...] | None:
    """The globs of the project. Raises InputError if the directory is none."""
    from clawforge.errors import InputError
    from clawforge.load.project import read_project_file
    from clawforge.load.tree import PROJECT_FILE

    project = read_project_file(folder)
    if project is None:
        what = "cannot be read" if (folder / PROJECT_FILE).exists() else "does not exist"
        raise InputError(
            f"{folder / PROJECT_FILE} {what}, so this is no place for an editor's schema.",
            hint="Run this in the directory of a project, or name one with --out.",
        )
    return project.include


def _say_what_is_missing(folder: Path, include: tuple[str, ...] | None) -> None:
    from clawforge_cli.schema_files import EDITOR_SETTINGS, editor_settings, settings_lack_schema
    from clawforge_cli.views.terminal import note, safe

    if settings_lack_schema(folder):
        note(f"{EDITOR_SETTINGS} is yours and stays as it is. For completion, add what stands between the braces:")
        for line in editor_settings(include).splitlines():
            note(f"  {safe(line)}")
