"""`clawforge apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clawforge_cli.arguments import (
    Detail,
    Excludes,
    Format,
    Org,
    Reason,
    Selects,
    Server,
    TakeOwnership,
    Targets,
    TextOrJson,
    VouchedFile,
)
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.rollout import Rollout
    from clawforge.wire import ApplyResult, ApplyTerms
    from clawforge_cli.drift_client import DriftClient
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.plan_source import Planned
    from clawforge_cli.proposal import PlanOptions

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def apply(
    what: Annotated[
        str, typer.Argument(metavar="PROJECT|FILE|PLAN", help="Project directory, a saved plan, or the id of one.")
    ] = ".",
    server: Server = None,
    org: Org = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")] = False,
    format: Format = TextOrJson.TEXT,
    detail: Detail = False,
    target: Targets = None,
    exclude: Excludes = None,
    select: Selects = None,
    take_ownership: TakeOwnership = None,
    lock_timeout: Annotated[
        str | None,
        typer.Option(
            "--lock-timeout",
            metavar="DURATION",
            help="While others apply, plan again and go on if the plan means the same: 30s.",
        ),
    ] = None,
    reason: Reason = None,
    allow_deletions: Annotated[
        int | None,
        typer.Option("--allow-deletions", metavar="N", min=0, help="Delete up to N, whatever a ChangePolicy limits."),
    ] = None,
    override_freeze: Annotated[
        bool, typer.Option("--override-freeze", help="Apply although changes are frozen; needs --reason and the right.")
    ] = False,
    now: Annotated[
        bool,
        typer.Option("--now", help="Let every machine have it at once, not by rings; needs --reason and the right."),
    ] = False,
    vouched: VouchedFile = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the machines enforce it; exit 5 if some do not in time.")
    ] = False,
    wait_timeout: Annotated[
        str | None,
        typer.Option("--wait-timeout", metavar="DURATION", help="Wait no longer than this; else ten minutes."),
    ] = None,
) -> None:
    """Make the control plane equal to the files; what left the files is destroyed. A saved plan is applied as it is."""
    from clawforge_cli.apply_run import apply_patiently, parse_patience
    from clawforge_cli.consent import agreed
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.rollout_wait import check_may_ask, parse_wait
    from clawforge_cli.views import human_plan
    from clawforge_cli.views.terminal import Printer

    terms = _terms(reason, allow_deletions, override_freeze=override_freeze, now=now)
    options = PlanOptions.parse(target, exclude, select, take_ownership).said_with(terms.reason, vouched)
    patience, waiting = parse_patience(lock_timeout), parse_wait(wait, wait_timeout)
    planned = _planned(what, server, org, options)
    plan = planned.plan
    if waiting is not None:
        check_may_ask(_fleet(planned))
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    if not plan.is_empty or not plan.positions_changed:
        human_plan.show_plan(plan, printer, detail=detail)
    if not plan.is_empty and not auto_approve and not agreed("Apply these changes?"):
        raise typer.Exit(ExitCode.ERROR)
    if plan.is_empty and not plan.positions_changed:
        nothing = {"revision": plan.base.revision, "applied": False, "positionsRefreshed": False}
        _finish(planned, plan.base.revision, waiting, nothing if format is TextOrJson.JSON else None)
        return
    result, plan = apply_patiently(planned, patience, terms)
    if planned.manifest is not None:
        _remember(planned.manifest, result)
    if format is TextOrJson.TEXT:
        human_plan.show_applied(result, plan, printer)
    document = result.model_dump(mode="json", by_alias=True) if format is TextOrJson.JSON else None
    _finish(planned, result.revision, waiting, document)


def _finish(planned: Planned, revision: int, waiting: float | None, document: dict[str, Any] | None) -> None:
    """Wait if that was asked for, and print the document for a program if there is one. Exit 5 if some machines do not
    enforce the revision."""
    from clawforge_cli.views import json_documents

    found = None if waiting is None else _waited(planned, revision, waiting)
    if document is not None:
        rollout = {} if found is None else {"rollout": found.model_dump(mode="json", by_alias=True)}
        json_documents.show(document | rollout)
    elif found is not None:
        typer.echo(f"{found.words}.")
    if waiting is not None and (found is None or not found.is_complete):
        raise typer.Exit(ExitCode.NOT_IN_FORCE)


def _waited(planned: Planned, revision: int, waiting: float) -> Rollout | None:
    """How far the revision came; None, with a remark, if the control plane could not be asked."""
    from clawforge.errors import UnavailableError
    from clawforge_cli.rollout_wait import await_rollout
    from clawforge_cli.views.rollout_progress import rollout_progress
    from clawforge_cli.views.terminal import note, safe

    try:
        with rollout_progress() as tell:
            return await_rollout(_fleet(planned), revision, waiting, tell)
    except UnavailableError as error:
        note(f"Revision {revision} is applied. Whether machines enforce it is not known: {safe(error.message)}")
        return None


def _fleet(planned: Planned) -> DriftClient:
    from clawforge_cli.drift_client import DriftClient

    return DriftClient(planned.control_plane.connection, planned.plan.org)


def _remember(manifest: Manifest, result: ApplyResult) -> None:
    import datetime as dt

    from clawforge_cli.last_seen import remember
    from clawforge_cli.settings import cache_directory

    remember(cache_directory(), manifest, result.revision, dt.datetime.now(dt.UTC))


def _terms(reason: str | None, allow_deletions: int | None, *, override_freeze: bool, now: bool) -> ApplyTerms:
    from clawforge.errors import InputError
    from clawforge.wire import ApplyTerms
    from clawforge_cli.reasons import said

    if override_freeze and reason is None:
        raise InputError("Overriding a freeze needs a reason.", hint="Say why with --reason.")
    if now and reason is None:
        raise InputError("Letting a change reach every machine at once needs a reason.", hint="Say why with --reason.")
    return ApplyTerms(
        reason=said(reason), allow_deletions=allow_deletions, override_freeze=override_freeze, immediate=now
    )


def _planned(what: str, server: str | None, org: str | None, options: PlanOptions) -> Planned:
    from clawforge_cli.plan_source import Planned, is_plan_id, kept_plan, saved_plan

    path = Path(what)
    if path.is_file() or (is_plan_id(what) and not path.exists()):
        if options.shapes_a_plan:
            from clawforge.errors import InputError

            raise InputError(
                "A plan that was made before is applied as it is.",
                hint="Choose a part of it, or say what a pipeline vouches for, when you plan.",
            )
        return saved_plan(path, server) if path.is_file() else kept_plan(what, server, org)
    return Planned.of_project(path, server, options)
