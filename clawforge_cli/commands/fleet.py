"""`clawforge fleet`: the machines that joined, how they stand, and letting them in and out."""

from __future__ import annotations

import contextlib
import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Machines, Org, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.wire_bulk import BulkAnswer

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

InstanceName = Annotated[str, typer.Argument(metavar="INSTANCE", help="Machine, as `fleet list` names it.")]
InstanceNames = Annotated[
    list[str] | None, typer.Argument(metavar="INSTANCE...", help="Machines, as `fleet list` names them.")
]
Why = Annotated[str | None, typer.Option("--reason", help="Why; it is kept in the log.")]

_NAMED = 5
"""Machines that a question names."""


class FleetFormat(StrEnum):
    """How much of each machine is shown, and for whom."""

    TEXT = "text"
    WIDE = "wide"
    JSON = "json"


class State(StrEnum):
    """How a machine stands with the control plane."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    PENDING = "pending"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REVOKED = "revoked"


@app.callback()
def fleet() -> None:
    """Machines that joined, and how they stand."""


@app.command(name="list")
def list_(
    state: Annotated[State | None, typer.Option("--state", help="Only machines in this state.")] = None,
    select: Machines = None,
    server: Server = None,
    org: Org = None,
    format: Annotated[
        FleetFormat, typer.Option("--format", "-o", help="Form of the output; wide adds versions, groups and tags.")
    ] = FleetFormat.TEXT,
) -> None:
    """List machines: state, user, when they were seen last, what they enforce, and whether their versions are right."""
    from clawforge.fleet_selector import parse_selector
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views import human_fleet, json_documents
    from clawforge_cli.views.terminal import Printer

    parse_selector(select or [])
    found = FleetClient.chosen(server, org).instances(None if state is None else state.value, select or [])
    if format is FleetFormat.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_fleet.show_instances(found, Printer(), wide=format is FleetFormat.WIDE)


@app.command()
def show(instance: InstanceName, server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """Show everything about a machine: what it should enforce and what it does, its versions, and what happened."""
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views import human_instance, json_documents
    from clawforge_cli.views.terminal import Printer

    found = FleetClient.chosen(server, org).instance(instance)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_instance.show_instance(found, dt.datetime.now(dt.UTC), Printer())


@app.command()
def watch(
    select: Machines = None,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.2, max=3600, help="Time between two looks.")
    ] = 2.0,
    server: Server = None,
    org: Org = None,
) -> None:
    """Keep the list of machines on the terminal up to date; elsewhere print a line for everything that changes.

    Ends with Ctrl-C.
    """
    from clawforge.fleet_selector import parse_selector
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.fleet_watching import looks
    from clawforge_cli.views import fleet_watch

    parse_selector(select or [])
    with contextlib.suppress(KeyboardInterrupt):
        fleet_watch.show_looks(looks(FleetClient.chosen(server, org), select or [], interval))


@app.command()
def revoke(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")],
    instances: InstanceNames = None,
    select: Machines = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")] = False,
    format: Format = TextOrJson.TEXT,
    server: Server = None,
    org: Org = None,
) -> None:
    """Put machines out, such as a lost laptop: their credentials are dead at once, and their agents deny every call.

    Asks before it puts out more than one, or what a selector chose.
    """
    from clawforge.wire_bulk import BulkRevocation
    from clawforge_cli.consent import agreed
    from clawforge_cli.fleet_choice import chosen_machines, in_batches
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views.terminal import note, safe

    said, client = _said(reason), FleetClient.chosen(server, org)
    names = chosen_machines(client, instances or [], select or [])
    if instances and len(names) == 1 and format is TextOrJson.TEXT:
        client.revoke_instance(names[0], said)
        note(f"{safe(names[0])} is out. Its agent denies every call as soon as it asks, or what it holds expires.")
        return
    if names and not auto_approve:
        note(f"{len(names):,} machines: {safe(', '.join(names[:_NAMED]))}{' and more' if len(names) > _NAMED else ''}")
        if not agreed("Put them out for good?"):
            raise typer.Exit(ExitCode.ERROR)
    answer = in_batches(names, lambda batch: client.revoke_instances(BulkRevocation(instances=batch, reason=said)))
    _show_bulk(answer, "revoked", format)


@app.command()
def refresh(
    instances: InstanceNames = None,
    select: Machines = None,
    format: Format = TextOrJson.TEXT,
    server: Server = None,
    org: Org = None,
) -> None:
    """Have machines ask for their policy, and report, now. Those that do not wait for news ask as ever."""
    from clawforge.wire_bulk import BulkRefresh
    from clawforge_cli.fleet_choice import chosen_machines, in_batches
    from clawforge_cli.fleet_client import FleetClient

    client = FleetClient.chosen(server, org)
    names = chosen_machines(client, instances or [], select or [])
    answer = in_batches(names, lambda batch: client.refresh_instances(BulkRefresh(instances=batch)))
    _show_bulk(answer, "asked", format)


@app.command()
def message(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the people at the machines are told.")],
    instances: InstanceNames = None,
    select: Machines = None,
    format: Format = TextOrJson.TEXT,
    server: Server = None,
    org: Org = None,
) -> None:
    """Have agents tell their people something, once, with the next call that they judge.

    A machine that is away hears it when it is back, within a week. Old plugins cannot tell anybody anything.
    """
    from clawforge.message import message_text
    from clawforge.wire_bulk import BulkMessage
    from clawforge_cli.fleet_choice import chosen_machines, in_batches
    from clawforge_cli.fleet_client import FleetClient

    said, client = message_text(text), FleetClient.chosen(server, org)
    names = chosen_machines(client, instances or [], select or [])
    answer = in_batches(names, lambda batch: client.message_instances(BulkMessage(instances=batch, text=said)))
    _show_bulk(answer, "told", format)


@app.command()
def tag(
    changes: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE|KEY-...", help="Tags to give, and, with a `-`, to take away.")
    ],
    select: Machines = None,
    instance: Annotated[
        list[str] | None, typer.Option("--instance", metavar="INSTANCE", help="Machine by name; may be repeated.")
    ] = None,
    reason: Why = None,
    format: Format = TextOrJson.TEXT,
    server: Server = None,
    org: Org = None,
) -> None:
    """Give machines other tags, and with them the policies that are aimed at these.

    What a template in git gives is changed there. Nobody tags their own machine.
    """
    from clawforge.wire_bulk import BulkTags
    from clawforge_cli.fleet_choice import chosen_machines, in_batches
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.tag_changes import tag_changes

    wanted, client = tag_changes(changes, None if reason is None else _said(reason)), FleetClient.chosen(server, org)
    names = chosen_machines(client, instance or [], select or [])
    answer = in_batches(names, lambda batch: client.tag_instances(BulkTags(instances=batch, **wanted._asdict())))
    _show_bulk(answer, "tagged", format)


@app.command()
def approve(instance: InstanceName, reason: Why = None, server: Server = None, org: Org = None) -> None:
    """Let a machine in that waits for it."""
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views.terminal import note, safe

    answer = FleetClient.chosen(server, org).approve(instance, None if reason is None else _said(reason))
    note(f"{safe(answer.instance)} of {safe(answer.user)} is let in.")


@app.command()
def reject(instance: InstanceName, reason: Why = None, server: Server = None, org: Org = None) -> None:
    """Turn a machine away that waits to be let in. It stays out for good."""
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views.terminal import note, safe

    answer = FleetClient.chosen(server, org).reject(instance, None if reason is None else _said(reason))
    note(f"{safe(answer.instance)} of {safe(answer.user)} is turned away.")


@app.command()
def quarantine(
    instance: InstanceName,
    reason: Annotated[str, typer.Option("--reason", help="Why; the agent gets it, and it is kept in the log.")],
    ttl: Annotated[
        str | None, typer.Option("--ttl", metavar="DURATION", help="When it ends by itself; never if left out.")
    ] = None,
    server: Server = None,
    org: Org = None,
) -> None:
    """Have a machine deny every call until it is released. Unlike a revoked one it stays in."""
    from clawforge_cli.kill_order import kill_request
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views.terminal import note, safe

    request = kill_request(f"instance:{instance}", reason, ttl=ttl).model_copy(update={"kind": "quarantine"})
    OverlayClient.chosen(server, org).switch_on(request)
    note(f"{safe(instance)} is in quarantine: its agent denies every call as soon as it hears of it.")


@app.command()
def release(
    instance: InstanceName,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")],
    server: Server = None,
    org: Org = None,
) -> None:
    """Let a machine out of the quarantine into which an invariant, or somebody, put it."""
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views.terminal import note, safe

    answer = FleetClient.chosen(server, org).release(instance, _said(reason))
    note(f"{safe(answer.instance)} of {safe(answer.user)} is released. Its policy holds again once its agent asks.")


def _show_bulk(answer: BulkAnswer, done: str, format: TextOrJson) -> None:
    from clawforge_cli.views import human_bulk, json_documents
    from clawforge_cli.views.terminal import Printer

    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
    else:
        human_bulk.show_bulk(answer, done, Printer())
    if answer.failed:
        raise typer.Exit(ExitCode.ERROR)


def _said(reason: str) -> str:
    from clawforge.errors import InputError

    if not reason.strip():
        raise InputError("--reason says nothing.")
    return reason
