"""`clawforge log`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, ProjectPath, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def log(
    path: ProjectPath = Path(),
    server: Server = None,
    org: Org = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at the most.")] = 20,
    before: Annotated[
        int | None, typer.Option("--before", metavar="REV", min=1, help="Only revisions below this one.")
    ] = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """List the revisions of an org, newest first: who applied and who approved them, their commit, what they meant."""
    from clawforge_cli.history_client import HistoryClient
    from clawforge_cli.views import human_log, json_documents
    from clawforge_cli.views.terminal import Printer

    page = HistoryClient.chosen(server, org, path).log(before=before, limit=limit)
    if format is TextOrJson.JSON:
        json_documents.show(page.model_dump(mode="json", by_alias=True))
    else:
        human_log.show_revisions(page, Printer(), before=before)
