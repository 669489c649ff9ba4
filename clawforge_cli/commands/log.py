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
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at the most.")] = 20,
    format: Format = TextOrJson.TEXT,
) -> None:
    """List the revisions of an org, newest first, with author and git commit."""
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.settings import connection
    from clawforge_cli.views import human_log, json_documents
    from clawforge_cli.views.terminal import Printer

    chosen = choose_org(path, org)
    control_plane = ControlPlane(connection(server, project_server=chosen.server, org=chosen.org))
    page = control_plane.revisions(chosen.org, limit=limit)
    if format is TextOrJson.JSON:
        json_documents.show(page.model_dump(mode="json", by_alias=True))
    else:
        human_log.show_revisions(page, Printer())
