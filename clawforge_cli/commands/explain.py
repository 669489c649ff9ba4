"""`clawforge explain`."""

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
    Server,
    Tags,
    TextOrJson,
)

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def explain(
    user: Annotated[str, typer.Argument(metavar="USER", help="Name or email of the user.")],
    tool: Annotated[
        str | None,
        typer.Argument(metavar="TOOL", help="Tool whose call is decided besides. A directory of a project is PROJECT."),
    ] = None,
    path: Annotated[Path | None, typer.Argument(metavar="PROJECT", help="Directory of the project.")] = None,
    params: Annotated[str, typer.Option("--params", help="Parameters of the call, a JSON object.")] = "{}",
    all_: Annotated[
        bool, typer.Option("--all", help="Also what does not match and why, and what nobody says.")
    ] = False,
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
    """Derive what a subject may do: what matched and why, which base won, and what each policy did to each value."""
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.explanation_source import explained_by_files, explained_by_server
    from clawforge_cli.subject_options import checked_name, parse_moment, subject_of
    from clawforge_cli.views import human_explanation, json_documents
    from clawforge_cli.views.terminal import Printer

    project = path or Path()
    if tool is not None and path is None and (Path(tool) / "clawforge.yaml").is_file():
        project = Path(tool)
        tool = None
    subject = subject_of(user, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    call = parse_params(params)
    if tool is not None:
        checked_name("tool", tool)
    moment = parse_moment(at)
    found = (
        explained_by_server(project, org, server, subject, moment if at else None, tool, call, misses=all_)
        if applied
        else explained_by_files(project, subject, moment, tool, call, misses=all_)
    )
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_explanation.show_explanation(found, Printer(), everything=all_)
