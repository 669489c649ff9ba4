"""`clawforge can`."""

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
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def can(
    user: Annotated[str, typer.Argument(metavar="USER", help="Name or email of the user.")],
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Tool that is called.")],
    path: ProjectPath = Path(),
    params: Annotated[str, typer.Option("--params", help="Parameters of the call, a JSON object.")] = "{}",
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
    """Decide one tool call as the agent would. Exit 0 for allow, 3 for deny and ask. Needs no server."""
    from clawforge.resource.policy_test import Effect
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.judgement_source import judged_by_files, judged_by_server
    from clawforge_cli.subject_options import checked_name, parse_moment, subject_of
    from clawforge_cli.views import human_decision, json_documents
    from clawforge_cli.views.terminal import Printer

    subject = subject_of(user, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    call = parse_params(params)
    checked_name("tool", tool)
    moment = parse_moment(at)
    decision = (
        judged_by_server(path, org, server, subject, tool, call, moment if at else None)
        if applied
        else judged_by_files(path, subject, tool, call, moment)
    )
    if format is TextOrJson.JSON:
        json_documents.show(decision.model_dump(mode="json", by_alias=True))
    else:
        human_decision.show_decision(decision, Printer())
    if decision.effect is not Effect.ALLOW:
        raise typer.Exit(ExitCode.FINDINGS)
