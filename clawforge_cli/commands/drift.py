"""`clawforge drift`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, ProjectPath, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def drift(
    path: ProjectPath = Path(),
    server: Server = None,
    org: Org = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=500, help="How many resources, and agents, are named at the most.")
    ] = 20,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when any two of the three differ, 0 when none do.")
    ] = False,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Compare the files, the control plane, and what every agent acknowledged. Nothing is changed."""
    from clawforge_cli.drift_source import find_drift
    from clawforge_cli.views import human_drift, json_documents
    from clawforge_cli.views.terminal import Printer

    report = find_drift(path, server, org, limit)
    if format is TextOrJson.JSON:
        json_documents.show(report.model_dump(mode="json", by_alias=True))
    else:
        human_drift.show_drift(report, Printer())
    if detailed_exitcode and report.differs:
        raise typer.Exit(ExitCode.CHANGES)
