"""`clawforge suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, ProjectPath, Server, TextOrJson
from clawforge_cli.proposal_options import Author, Branch, Patch, Sign

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
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; it stands in the commit.")] = None,
    server: Server = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Suggest the narrowest policies that still allow the calls that were seen. Nothing is changed."""
    import datetime as dt

    from clawforge.errors import InputError
    from clawforge_cli import suggest_run
    from clawforge_cli.project_files import open_project
    from clawforge_cli.proposing import IN_NO_PROPOSAL, Destination, propose
    from clawforge_cli.reasons import said
    from clawforge_cli.views import human_proposal, human_suggest, json_documents
    from clawforge_cli.views.terminal import Printer, note, safe

    destination = Destination.asked(branch, patch, author, sign=sign)
    if write and destination.is_git:
        raise InputError("--write changes the files, which --branch and --patch leave as they are.")
    why = said(reason)
    project = open_project(path)
    now = dt.datetime.now(dt.UTC)
    found = suggest_run.suggested_for(project, calls, server, policy=policy, variants=variants, now=now)
    files = suggest_run.written_into(project, found.suggestions)
    proposed = IN_NO_PROPOSAL
    if write or destination.is_git:
        message = suggest_run.message_of(found, calls, why)
        proposed = propose(project.root, files.files, message, destination, now)
    if format is TextOrJson.JSON:
        document = human_suggest.suggestions_document(found, files)
        json_documents.show({**document, **human_proposal.proposal_document(proposed)})
    else:
        human_suggest.show_suggestions(found, files, Printer())
    if write:
        for file in files.files:
            note(f"{safe(file.path)} was changed.")
    human_proposal.note_proposed(proposed)
