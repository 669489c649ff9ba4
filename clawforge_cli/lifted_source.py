"""What an elevation or a temporary grant lifted, from the control plane, held against the policies at hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError, NotFoundError
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.overlay.lasting import LastingPolicy, Lifted
    from clawforge.resource.meta import Resource
    from clawforge.wire_elevations import ElevationView
    from clawforge_cli.asking_client import AskingClient

_MOST_ENDED = 500


def lasting(
    server: str | None, org: str | None, directory: Path | None, overlay: str, now: dt.datetime
) -> LastingPolicy:
    """The base policy that makes it stay, for the files of a project where one is named, else for what is applied.

    Raises NotFoundError, also for a machine that is gone, and InputError for what was never in force and as
    `overlay.lasting.lasting_policy`.
    """
    from clawforge.overlay.lasting import lasting_policy
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.elevation_client import ElevationClient

    listed = ElevationClient.chosen(server, org, directory).elevations(_MOST_ENDED).elevations
    view = next((item for item in listed if item.id == overlay), None)
    if view is None:
        raise NotFoundError(
            f"There is no elevation {overlay!r}.", hint="`clawforge elevate list --ended 20` lists them."
        )
    if view.starts_at is None:
        raise InputError(
            f"{overlay} was never in force, so there is nothing to make stay.",
            hint="`clawforge elevate approve` approves what waits.",
            code="not-codified",
        )
    client = AskingClient.chosen(server, org, directory)
    return lasting_policy(_resources(client, directory), _lifted(view, client), now)


def _resources(client: AskingClient, directory: Path | None) -> tuple[Resource, ...]:
    """What is applied, and what the files say instead of it."""
    from clawforge_cli.project_files import open_project
    from clawforge_cli.state_source import resources_of

    found = {item.address: item for item in resources_of(client.present_state())}
    if directory is not None:
        found.update((item.address, item) for item in open_project(directory).values)
    return tuple(found.values())


def _lifted(view: ElevationView, client: AskingClient) -> Lifted:
    from clawforge.overlay.lasting import Lifted

    machine = client.instance(view.instance).instance
    if machine.user != view.user:
        raise InputError(
            f"The machine {view.instance} belongs to {machine.user} now, and {view.user} had it lifted.",
            hint="What was lifted there is of no use to anybody any more.",
            code="not-codified",
        )
    subject = Subject(user=view.user, instance=view.instance, groups=machine.groups, tags=machine.tags)
    return Lifted(
        overlay=view.id,
        what="elevation" if view.kind == "elevation" else "temporary grant",
        grant=view.grant,
        subject=subject,
        tools=view.tools,
        never=view.never,
        agents=view.agents,
        context=view.context,
        reason=view.reason,
        ticket=view.ticket,
        approved_by=tuple(item.by for item in view.approvals),
    )
