"""`clawforge what-can`."""

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
def what_can(
    user: Annotated[str, typer.Argument(metavar="USER", help="Name or email of the user.")],
    path: ProjectPath = Path(),
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
    """List the tools that a subject may call, and the most that some call of each gets."""
    from clawforge.analysis.asking import what_can as asked
    from clawforge.wire_access import WhatCanAnswer, tool_level
    from clawforge_cli.effective_source import effective_from_files, effective_from_server
    from clawforge_cli.subject_options import parse_moment, subject_of
    from clawforge_cli.views import human_access, json_documents
    from clawforge_cli.views.terminal import Printer

    subject = subject_of(user, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    moment = parse_moment(at)
    view = (
        effective_from_server(path, org, server, subject, moment)
        if applied
        else effective_from_files(path, subject, moment)
    )
    tools = tuple(tool_level(kind, level) for kind, level in asked(view.effective))
    answer = WhatCanAnswer(subject=view.subject, at=moment, base=view.base, tools=tools)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
    else:
        human_access.show_tools(answer, Printer())
