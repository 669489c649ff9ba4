"""`clawforge diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Detail, DetailedExitCode, Format, Org, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from clawforge.history import StateDiff

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def diff(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REV [REV]] [PROJECT]",
            help="Revisions: a number, latest, or latest~2; left out, latest~1 and latest. Then the project directory.",
        ),
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="Compare the project's files with a revision.")] = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
    detailed_exitcode: DetailedExitCode = False,
    detail: Detail = False,
) -> None:
    """Show what differs between two revisions, or between a revision and the files. Nothing is changed."""
    from clawforge_cli.revision_words import revisions_and_project
    from clawforge_cli.views import human_revision, json_documents
    from clawforge_cli.views.terminal import Printer

    names, path = revisions_and_project(words or [])
    found = _with_files(names, path, server, org) if files else _between(names, path, server, org)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_revision.show_diff(found, Printer(), detail=detail)
    if detailed_exitcode and found.changes:
        raise typer.Exit(ExitCode.CHANGES)


def _between(names: list[str], path: Path, server: str | None, org: str | None) -> StateDiff:
    from clawforge_cli.history_client import HistoryClient

    before = names[0] if names else "latest~1"
    after = names[1] if len(names) > 1 else "latest"
    return HistoryClient.chosen(server, org, path).diff(before, after)


def _with_files(names: list[str], path: Path, server: str | None, org: str | None) -> StateDiff:
    from clawforge.errors import InputError
    from clawforge_cli.files_diff import diff_of_files
    from clawforge_cli.history_client import HistoryClient
    from clawforge_cli.project_files import open_project

    if len(names) > 1:
        raise InputError("--files compares the files with one revision.", hint="Name one, or none for the latest.")
    project = open_project(path)
    state = HistoryClient.chosen(server, org, path).state_at(names[0] if names else "latest")
    return diff_of_files(state, project)
