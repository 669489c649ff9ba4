"""`clawforge suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, ProjectPath, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def suggest(
    calls: Annotated[
        str, typer.Argument(metavar="CALLS", help="Recorded calls: a file, `-`, or a period such as 7d of the log.")
    ],
    path: ProjectPath = Path(),
    policy: Annotated[str | None, typer.Option("--policy", help="Only this base policy; else every one.")] = None,
    variants: Annotated[
        int,
        typer.Option("--variants", min=1, max=1_000, help="Commands that may differ in one argument before it is `*`."),
    ] = 4,
    write: Annotated[bool, typer.Option("--write", help="Change the files; else only the diff is shown.")] = False,
    server: Server = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Suggest the narrowest policies that still allow the calls that were seen. Nothing is changed."""
    import datetime as dt

    from clawforge_cli import suggest_run
    from clawforge_cli.project_files import open_project
    from clawforge_cli.views import human_suggest, json_documents
    from clawforge_cli.views.terminal import Printer, note, safe

    project = open_project(path)
    now = dt.datetime.now(dt.UTC)
    found = suggest_run.suggested_for(project, calls, server, policy=policy, variants=variants, now=now)
    files = suggest_run.written_into(project, found.suggestions)
    if format is TextOrJson.JSON:
        json_documents.show(human_suggest.suggestions_document(found, files))
    else:
        human_suggest.show_suggestions(found, files, Printer())
    if write:
        suggest_run.write(project, files.files)
        for file in files.files:
            note(f"{safe(file.name)} was changed.")
