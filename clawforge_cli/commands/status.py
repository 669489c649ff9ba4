"""`clawforge status`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Server
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class StatusFormat(StrEnum):
    """Output for people or for programs."""

    TEXT = "text"
    JSON = "json"


@app.command()
def status(
    server: Server = None,
    org: Org = None,
    format: Annotated[StatusFormat, typer.Option("--format", "-o", help="Form of the output.")] = StatusFormat.TEXT,
) -> None:
    """Say on one screen whether the org is fine. Exit 3 when something needs a person."""
    from clawforge.attention import concerns
    from clawforge_cli.status_client import StatusClient
    from clawforge_cli.views import human_status, json_documents
    from clawforge_cli.views.terminal import Printer

    client = StatusClient.chosen(server, org)
    found = client.status()
    open_ = concerns(found)
    if format is StatusFormat.JSON:
        document = found.model_dump(mode="json", by_alias=True)
        listed = [item.model_dump(mode="json", by_alias=True) for item in open_]
        json_documents.show({**document, "server": client.connection.server, "concerns": listed})
    else:
        human_status.show_status(found, open_, client.connection.server, Printer())
    if open_:
        raise typer.Exit(ExitCode.FINDINGS)
