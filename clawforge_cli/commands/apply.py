"""`clawforge apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from clawforge.plan import Plan
    from clawforge.wire import ApplyResult, ApplyTerms
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.plan_source import Planned
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.views.terminal import Printer

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
    vouched: VouchedFile = None,
) -> None:
    """Make the control plane equal to the files; what left the files is destroyed. A saved plan is applied as it is."""
    from clawforge_cli.apply_run import apply_patiently, parse_patience
    from clawforge_cli.consent import agreed
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    terms = _terms(reason, allow_deletions, override_freeze=override_freeze)
    options = PlanOptions.parse(target, exclude, select, take_ownership).said_with(terms.reason, vouched)
    patience = parse_patience(lock_timeout)
    planned = _planned(what, server, org, options)
    plan = planned.plan
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    if not plan.is_empty or not plan.positions_changed:
        human_plan.show_plan(plan, printer, detail=detail)
    if not plan.is_empty and not auto_approve and not agreed("Apply these changes?"):
        raise typer.Exit(ExitCode.ERROR)
    if plan.is_empty and not plan.positions_changed:
        if format is TextOrJson.JSON:
            json_documents.show({"revision": plan.base.revision, "applied": False, "positionsRefreshed": False})
        return
    result, plan = apply_patiently(planned, patience, terms)
    if planned.manifest is not None:
        _remember(planned.manifest, result)
    _show(result, plan, format, printer)


def _remember(manifest: Manifest, result: ApplyResult) -> None:
    import datetime as dt

    from clawforge_cli.last_seen import remember
    from clawforge_cli.settings import cache_directory

    remember(cache_directory(), manifest, result.revision, dt.datetime.now(dt.UTC))


def _show(result: ApplyResult, plan: Plan, format: TextOrJson, printer: Printer) -> None:
    from clawforge_cli.views import human_plan, json_documents

    if format is TextOrJson.JSON:
        json_documents.show(result.model_dump(mode="json", by_alias=True))
    else:
        human_plan.show_applied(result, plan, printer)


def _terms(reason: str | None, allow_deletions: int | None, *, override_freeze: bool) -> ApplyTerms:
    from clawforge.errors import InputError
    from clawforge.wire import ApplyTerms
    from clawforge_cli.reasons import said

    if override_freeze and reason is None:
        raise InputError("Overriding a freeze needs a reason.", hint="Say why with --reason.")
    return ApplyTerms(reason=said(reason), allow_deletions=allow_deletions, override_freeze=override_freeze)


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
