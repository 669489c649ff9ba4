"""`clawforge versions`: which machines run the versions that they should."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Machines, Org, Server
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


class ReportFormat(StrEnum):
    """How much of the report is shown, and for whom."""

    TEXT = "text"
    WIDE = "wide"
    JSON = "json"


@app.callback()
def versions() -> None:
    """Versions of machines, and who is out of range."""


@app.command()
def report(
    select: Machines = None,
    project: Annotated[
        Path | None,
        typer.Option("--project", metavar="DIR", help="Say who would fall out if these files were applied."),
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="Say who would fall out if this plan were applied.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=1000, help="How many machines are named.")] = 100,
    server: Server = None,
    org: Org = None,
    format: Annotated[
        ReportFormat, typer.Option("--format", "-o", help="Form of the output; wide adds who runs what.")
    ] = ReportFormat.TEXT,
) -> None:
    """Name the machines whose versions are out of range, and what to do about them.

    Exit 3 when a machine is blocked, or, for files or a plan, when one would fall out of range.
    """
    from clawforge_cli.version_source import find_versions
    from clawforge_cli.views import human_versions, json_documents
    from clawforge_cli.views.terminal import Printer

    found = find_versions(server, org, select or [], project=project, plan=plan, limit=limit)
    if format is ReportFormat.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_versions.show_versions(found, Printer(), wide=format is ReportFormat.WIDE)
    if found.falling or (found.plan is None and found.counts.blocked):
        raise typer.Exit(ExitCode.FINDINGS)
