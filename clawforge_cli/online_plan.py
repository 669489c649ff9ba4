"""A plan by the control plane, of what the files declare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge_cli.client import ControlPlane
from clawforge_cli.plan_source import made_plan
from clawforge_cli.proposal import PlanOptions, plan_request
from clawforge_cli.settings import Connection, cache_directory, connection

if TYPE_CHECKING:
    from clawforge.analysis.replay.report import ReplayReport
    from clawforge.plan import Plan
    from clawforge_cli.manifest import Manifest

Replaying = Callable[[Connection], "tuple[ReplayReport, int | None]"]
"""Decides recorded calls by what is in force and by the files; answers what it found, and at which revision."""


def chosen_connection(manifest: Manifest, server: str | None) -> Connection:
    """The control plane that a project is planned on. Raises InputError."""
    try:
        return connection(server, project_server=manifest.file.server, org=manifest.file.org)
    except InputError as error:
        hint = f"{error.hint} `plan --offline` needs no control plane.".strip()
        raise InputError(error.message, hint=hint) from error


def plan_online(
    manifest: Manifest,
    options: PlanOptions,
    chosen: Connection,
    now: dt.datetime,
    replaying: Replaying | None = None,
) -> Plan:
    """The plan as the control plane makes and keeps it. Raises FindingsError, and the errors of the control plane."""
    request = plan_request(manifest, options)
    if replaying is not None:
        report, base = replaying(chosen)
        request = request.model_copy(update={"replay": report, "base": base})
    made = made_plan(ControlPlane(chosen), manifest, request)
    if made.is_empty and options.scope.is_everything:
        from clawforge_cli.last_seen import remember

        remember(cache_directory(), manifest, made.base.revision, now)
    return made
