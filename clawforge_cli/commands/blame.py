"""`clawforge blame`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import (
    Agent,
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
def blame(
    user: Annotated[str, typer.Argument(metavar="USER", help="Name or email of the user.")],
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Tool that is called.")],
    path: ProjectPath = Path(),
    params: Annotated[str, typer.Option("--params", help="Parameters of the call, a JSON object.")] = "{}",
    all_: Annotated[bool, typer.Option("--all", help="Every change of the answer, not only the latest.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask the commits of this branch instead of the control plane.")
    ] = False,
    instance: Instance = None,
    agent: Agent = None,
    context: Context = None,
    group: Groups = None,
    tag: Tags = None,
    at: At = None,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Find the revision and commit since when a call is decided as it is. Exit 0 if it is allowed now, 3 if not."""
    from clawforge.errors import InputError
    from clawforge.resource.policy_test import Effect
    from clawforge_cli.access_history_source import history_from_git, history_from_server
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.subject_options import checked_name, parse_moment, subject_of
    from clawforge_cli.views import human_access_history, json_documents
    from clawforge_cli.views.terminal import Printer

    name = user.removeprefix("User/")
    if "/" in name:
        raise InputError(
            f"{user} is no user, and who wrote a field of a resource cannot be asked yet.",
            hint="Name a user and a tool: `clawforge blame dev@acme.example exec`.",
        )
    subject = subject_of(name, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    call, moment = parse_params(params), parse_moment(at)
    checked_name("tool", tool)
    found = (
        history_from_git(path, subject, tool, call, moment, every=all_)
        if offline
        else history_from_server(
            AskingClient.chosen(server, org, path), subject, tool, call, moment if at else None, every=all_
        )
    )
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_access_history.show_history(found, Printer())
    if found.decision.effect is not Effect.ALLOW or found.stopped:
        raise typer.Exit(ExitCode.FINDINGS)
