"""`clawforge blame`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.address_completion import complete_address
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

if TYPE_CHECKING:
    from clawforge.analysis.access_history import AccessHistory
    from clawforge_cli.blame_words import FieldWords

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def blame(
    about: Annotated[
        str,
        typer.Argument(
            metavar="USER|ADDRESS",
            help="Name or email of a user, or a resource: Policy/engineering.",
            autocompletion=complete_address,
        ),
    ],
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="TOOL|FIELD",
            help="Tool that the user calls; or field of the resource, such as spec.tools.deny, else all of them.",
        ),
    ] = None,
    path: ProjectPath = Path(),
    params: Annotated[str, typer.Option("--params", help="Parameters of the call, a JSON object.")] = "{}",
    all_: Annotated[bool, typer.Option("--all", help="Every change of it, not only the latest.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Of a call: ask the commits of this branch, no control plane.")
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
    """Find who made it so: since when a call of a user is decided as it is, or who set a field of a resource. Of a
    call, exit 3 if it is not allowed now.
    """
    from clawforge.errors import InputError
    from clawforge_cli.blame_words import field_words

    field = field_words(about, what, path)
    if field is not None:
        if offline or any((instance, agent, context, group, tag, at, params != "{}")):
            raise InputError(
                f"{about} is a resource; the options of a call are for users, and --offline for their calls.",
                hint="In git, `git log -L` tells who wrote a line.",
            )
        _show_field(field, server, org, format, every=all_)
        return
    if what is None:
        raise InputError("Which tool?", hint=f"Name one, such as `clawforge blame {about} exec`.")
    from clawforge_cli.access_history_source import history_from_git, history_from_server
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.subject_options import checked_name, parse_moment, subject_of

    name = about.removeprefix("User/")
    subject = subject_of(name, instance=instance, agent=agent, context=context, groups=group, tags=tag)
    call, moment = parse_params(params), parse_moment(at)
    checked_name("tool", what)
    found = (
        history_from_git(path, subject, what, call, moment, every=all_)
        if offline
        else history_from_server(
            AskingClient.chosen(server, org, path), subject, what, call, moment if at else None, every=all_
        )
    )
    _show_call(found, format)


def _show_call(found: AccessHistory, format: TextOrJson) -> None:
    from clawforge.resource.policy_test import Effect
    from clawforge_cli.views import human_access_history, json_documents
    from clawforge_cli.views.terminal import Printer

    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_access_history.show_history(found, Printer())
    if found.decision.effect is not Effect.ALLOW or found.stopped:
        raise typer.Exit(ExitCode.FINDINGS)


def _show_field(asked: FieldWords, server: str | None, org: str | None, format: TextOrJson, *, every: bool) -> None:
    from clawforge_cli.history_client import HistoryClient
    from clawforge_cli.views import human_field_history, json_documents
    from clawforge_cli.views.terminal import Printer

    client = HistoryClient.chosen(server, org, asked.path)
    found = client.field_history(asked.address, asked.field, every=every)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_field_history.show_field_history(found, Printer(), every=every)
