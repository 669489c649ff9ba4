"""After a merge: the plan that was reviewed is applied, and no other."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from clawforge.errors import ConflictError, InputError, NotFoundError
from clawforge.plan_difference import plan_differences
from clawforge.wire import ApplyTerms, Vouched
from clawforge_cli.ci.change_run import look_at
from clawforge_cli.ci.forge import CodeForge, MergedChange, open_forge
from clawforge_cli.ci.own_change import own_change
from clawforge_cli.ci.pipeline import Pipeline, Service
from clawforge_cli.ci.report_files import MOST_IN_A_SUMMARY, write_outputs, write_summary
from clawforge_cli.ci.settings import CiOptions, control_plane_access
from clawforge_cli.ci.sticky_comment import reviewed_plan
from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.gitops.local import head_commit
from clawforge_cli.manifest import Manifest
from clawforge_cli.online_plan import plan_online
from clawforge_cli.proposal import EVERYTHING, PlanOptions
from clawforge_cli.views.ci_markdown import findings_markdown
from clawforge_cli.views.ci_report import show_plan
from clawforge_cli.views.plan_markdown import plan_markdown
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge_cli.settings import Connection

_BRANCH = "refs/heads/"
_TOGETHER = (
    "propose one more change, even an empty commit; its comment shows all that is not applied yet. Approve that plan "
    "with `clawforge approve PLAN`, and merge it."
)
_PATIENCE = 120.0
"""Seconds to plan again for while others apply."""


def land(pipeline: Pipeline, options: CiOptions, now: dt.datetime) -> ExitCode:
    """Plan what is on the branch, and apply it if it is what was reviewed. Raises ConflictError where it is not, where
    an approval is missing, and where nothing was reviewed though that is asked for; the errors of control plane and
    forge."""
    found = look_at(pipeline, options, now)
    if not found.passed:
        write_summary(pipeline, findings_markdown(found, MOST_IN_A_SUMMARY))
        return ExitCode.FINDINGS
    manifest = Manifest.of(found.project)
    commit = _require_commit(pipeline, manifest)
    forge = open_forge(pipeline.forge) if pipeline.forge is not None else None
    change = _change(forge, pipeline, commit)
    vouched = _vouched(pipeline, options, forge, change)
    if vouched is not None and vouched.approvers:
        vouched = _bound(vouched, own_change(found.project, now))
    asked = replace(EVERYTHING, reason=_reason(pipeline, change), vouched=vouched)
    with control_plane_access(options, manifest.file) as chosen:
        made = plan_online(manifest, asked, chosen, now)
        _tell_unknown(made)
        show_plan(made, Printer(), compared_with=None, annotate=pipeline.service is Service.GITHUB)
        write_summary(pipeline, plan_markdown(made, limit=MOST_IN_A_SUMMARY))
        write_outputs(pipeline, made)
        _require_reviewed(_reviewed(forge, change, manifest, chosen), made, options)
        _apply(pipeline, manifest, made, asked, chosen)
    return ExitCode.OK


def _require_commit(pipeline: Pipeline, manifest: Manifest) -> str:
    """The commit that is applied: the one that the pipeline runs for, and not what else might be checked out."""
    here = head_commit(manifest.root, manifest.paths)
    if here is None or here.dirty or (pipeline.commit is not None and here.id != pipeline.commit):
        wanted = "a commit" if pipeline.commit is None else f"the commit {pipeline.commit[:12]}"
        raise InputError(
            f"The files here are not exactly {wanted}, which this pipeline runs for, so nothing is applied.",
            hint="Check out that commit, and change nothing before this step.",
        )
    return here.id


def _change(forge: CodeForge | None, pipeline: Pipeline, commit: str) -> MergedChange | None:
    ref = pipeline.ref or ""
    if forge is None or not ref.startswith(_BRANCH):
        note("No forge can be asked which change this commit merged.")
        return None
    branch = ref.removeprefix(_BRANCH)
    _refuse_old(forge, pipeline, commit, branch)
    change = forge.merged_by(commit, branch)
    if change is None:
        note("This commit is the merge of no change, so nothing was reviewed.")
    return change


def _refuse_old(forge: CodeForge, pipeline: Pipeline, commit: str, branch: str) -> None:
    """A run that somebody repeats later would go back to what was then, with the approvals that it had then. The first
    run for a commit may come late, as behind that of the commit before."""
    if not pipeline.first and forge.newest(branch) != commit:
        raise ConflictError(
            f"The branch {branch} has moved on since {commit[:12]}, so nothing is applied: it would go back.",
            hint="The run for its newest commit applies. If that one refused since its plan holds this change as well, "
            f"{_TOGETHER} To go back, revert the commit, or use `clawforge rollback`.",
            code="old-commit",
        )


def _reason(pipeline: Pipeline, change: MergedChange | None) -> str | None:
    if change is None or pipeline.forge is None:
        return None
    return f"{pipeline.forge.kind} {pipeline.forge.repository}, change {change.number}"


def _vouched(
    pipeline: Pipeline, options: CiOptions, forge: CodeForge | None, change: MergedChange | None
) -> Vouched | None:
    """What the forge knows of the change: always who wrote it, and who approved it where that is asked for. Only a
    protected branch is vouched for: elsewhere whoever pushes could change this very pipeline. Raises InputError where
    vouching is asked for and the branch is not protected."""
    if forge is None or change is None:
        return None
    if not options.vouch:
        writers = forge.writers(change.number)
        return Vouched(authors=writers.authors, author_addresses=writers.addresses)
    if not pipeline.protected or pipeline.ref is None:
        raise InputError(
            "Approvals in the forge count only on a protected branch, and the service does not say that this is one.",
            hint="Protect the branch, or leave out --vouch.",
        )
    reviews = forge.reviews(change)
    if reviews.remark:
        note(safe(reviews.remark))
    note(f"Approved in the forge by: {safe(', '.join(reviews.approvers) or 'nobody')}.")
    return Vouched(
        ref=pipeline.ref,
        approvers=reviews.approvers,
        authors=reviews.writers.authors,
        author_addresses=reviews.writers.addresses,
    )


def _bound(vouched: Vouched, change: str | None) -> Vouched:
    """The approvers approved the change of this commit. What else is not applied yet they may never have seen."""
    if change is None:
        note(
            "What this commit alone changes cannot be worked out here, so no approval in the forge counts; a clone of "
            "depth 2 has the commit before."
        )
        return vouched.model_copy(update={"approvers": ()})
    return vouched.model_copy(update={"approved_change": change})


def _tell_unknown(made: Plan) -> None:
    vouched = made.vouched
    if vouched is None:
        return
    if vouched.unknown:
        names = ", ".join(vouched.unknown)
        note(f"{safe(names)} approved, and no user of the org says that this is their account in the forge.")
    if vouched.unknown_authors:
        names = ", ".join(vouched.unknown_authors)
        note(f"{safe(names)} wrote it and is no user of the org, so no approval in the forge counts.")


def _reviewed(
    forge: CodeForge | None, change: MergedChange | None, manifest: Manifest, chosen: Connection
) -> Plan | None:
    """The plan that the comment on the change names, as the control plane has it."""
    from clawforge_cli.review_client import ReviewClient

    if forge is None or change is None:
        return None
    name = reviewed_plan(forge, change.number, manifest.file.org, manifest.file.source)
    if name is None:
        note(f"No plan was reviewed on change {change.number}.")
        return None
    try:
        return ReviewClient(chosen, manifest.file.org).plan(name)
    except NotFoundError:
        note(f"The plan {name} that was reviewed is not kept any more.")
        return None


def _require_reviewed(reviewed: Plan | None, made: Plan, options: CiOptions) -> None:
    if made.is_empty:
        return
    if reviewed is None:
        if options.require_reviewed:
            raise ConflictError(
                "No plan of this change was reviewed, so nothing is applied.",
                hint="Propose it as a change, so that its plan is commented there.",
                code="not-reviewed",
            )
        note("Nothing was reviewed here: the control plane decides what may be applied.")
        return
    differences = plan_differences(reviewed, made)
    for sentence in differences:
        note(f"  {safe(sentence)}")
    if differences:
        raise ConflictError(
            f"This is not the plan {reviewed.id} that was reviewed, so nothing is applied.",
            hint=f"The branch stays unapplied until this plan is agreed to: {_TOGETHER}",
            code="not-as-reviewed",
        )
    note(f"This is the plan {reviewed.id} that was reviewed.")


def _apply(pipeline: Pipeline, manifest: Manifest, made: Plan, asked: PlanOptions, chosen: Connection) -> None:
    from clawforge_cli.apply_run import apply_patiently
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.plan_source import Planned, made_plan
    from clawforge_cli.proposal import plan_request
    from clawforge_cli.views import human_plan

    if made.is_empty and not made.positions_changed:
        return
    control_plane = ControlPlane(chosen)
    request = plan_request(manifest, asked)
    planned = Planned(control_plane, made, lambda: made_plan(control_plane, manifest, request), manifest)
    result, plan = apply_patiently(planned, _PATIENCE, ApplyTerms(reason=asked.reason))
    human_plan.show_applied(result, plan, Printer())
    write_summary(pipeline, f"\nThe org is at revision {result.revision}.")
