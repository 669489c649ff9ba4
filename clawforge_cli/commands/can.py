"""`clawforge can`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from clawforge.resolve.subject import Subject

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
    history: Annotated[
        bool,
        typer.Option("--history", help="What git, the control plane and the instance had at --at, each by itself."),
    ] = False,
    applied: Applied = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Decide one tool call as the agent would. Exit 0 for allow, 3 for deny and ask. Needs no server."""
    from clawforge.errors import InputError
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
    if history:
        if applied:
            raise InputError("--history asks the control plane anyway.", hint="Leave --applied out.")
        raise typer.Exit(_past(path, org, server, subject, tool, call, moment if at else None, format))
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


def _past(
    path: Path,
    org: str | None,
    server: str | None,
    subject: Subject,
    tool: str,
    params: dict[str, Any],
    moment: dt.datetime | None,
    format: TextOrJson,
) -> ExitCode:
    """The three clocks, shown. Any refusal is a finding, and it is an error if nobody can tell."""
    from clawforge.resource.policy_test import Effect
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.three_clocks import PastCall, past_moment, read_clocks
    from clawforge_cli.views import human_clocks, json_documents
    from clawforge_cli.views.terminal import Printer

    call = PastCall(subject, tool, params, past_moment(moment))
    found = read_clocks(path, lambda: AskingClient.chosen(server, org, path), call)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_clocks.show_clocks(found, Printer())
    effects = {reading.effect for reading in found.readings} - {None}
    if not effects:
        return ExitCode.ERROR
    return ExitCode.OK if effects == {Effect.ALLOW} else ExitCode.FINDINGS
