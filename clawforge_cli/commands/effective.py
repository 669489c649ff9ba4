"""`clawforge effective`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import (
    Agent,
    Applied,
    At,
    Context,
    Format,
    Groups,
    Instance,
    Org,
    ProjectPath,
    Server,
    Tags,
    TextOrJson,
)

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def effective(
    path: ProjectPath = Path(),
    *,
    user: Annotated[str, typer.Option("--user", help="Name or email of the user.")],
    instance: Instance = None,
    agent: Agent = None,
    context: Context = None,
    group: Groups = None,
    tag: Tags = None,
    at: At = None,
    applied: Applied = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Show the effective policy of a subject, with where each value was written. Needs no server."""
    from clawforge_cli.effective_source import effective_from_files, effective_from_server
    from clawforge_cli.subject_options import parse_moment, subject_of
    from clawforge_cli.views import human_effective, json_documents
    from clawforge_cli.views.terminal import Printer

    subject = subject_of(user, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    moment = parse_moment(at)
    view = (
        effective_from_server(path, org, server, subject, moment)
        if applied
        else effective_from_files(path, subject, moment)
    )
    if format is TextOrJson.JSON:
        json_documents.show(view.model_dump(mode="json", by_alias=True))
    else:
        human_effective.show_effective(view, Printer())
