"""`clawforge whoami`."""

from __future__ import annotations

from pathlib import Path

import typer

from clawforge_cli.arguments import Format, Org, ProjectPath, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def whoami(
    path: ProjectPath = Path(), server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT
) -> None:
    """Say whose credential is used, and what it is good for."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views import human_identity, json_documents
    from clawforge_cli.views.terminal import Printer

    found = IdentityClient.chosen(server, org, path).who_am_i()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_identity.show_self(found, Printer())
