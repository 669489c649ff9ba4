"""A proposed change, looked at: lint, tests, plan, and one comment that says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError, UnavailableError
from clawforge_cli.ci.examination import Examination, examined
from clawforge_cli.ci.forge import CodeForge, open_forge
from clawforge_cli.ci.pipeline import Pipeline, Service
from clawforge_cli.ci.report_files import MOST_IN_A_SUMMARY, write_outputs, write_reports, write_summary
from clawforge_cli.ci.settings import CiOptions, control_plane_access
from clawforge_cli.ci.sticky_comment import StickyComment, put_comment, room
from clawforge_cli.ci.threshold import exit_code, reached
from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.plan_source import is_plan_id
from clawforge_cli.views.ci_markdown import change_markdown, findings_markdown, refusal_markdown
from clawforge_cli.views.ci_report import show_examination, show_plan, show_refusal, show_sentences
from clawforge_cli.views.terminal import Printer, note

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.wire import Vouched


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: Plan
    compared_with: str | None = None
    sound: bool = True


def look_at(pipeline: Pipeline, options: CiOptions, now: dt.datetime) -> Examination:
    """Lint and test the files, show what was found, and write the reports that were asked for."""
    found = examined(options.root, now)
    show_examination(found, Printer(), annotate=pipeline.service is Service.GITHUB)
    write_reports(found, options)
    return found


def review(pipeline: Pipeline, options: CiOptions, now: dt.datetime) -> ExitCode:
    """Say what a change does, in the log, in the summary of the run and on the change. Of a foreign change only the
    files are looked at, and nobody is asked. Raises the errors of the control plane and of the forge."""
    found = look_at(pipeline, options, now)
    forge = open_forge(pipeline.forge) if pipeline.forge is not None and options.comment else None
    if not found.passed:
        _say(pipeline, forge, found, lambda limit: findings_markdown(found, limit))
        return ExitCode.FINDINGS
    try:
        made = _planned(pipeline, options, found, now)
    except UnavailableError:
        raise
    except ClawforgeError as error:
        # What was reviewed before is not what is proposed now: no comment may go on saying so.
        refusal = error
        if pipeline.service is Service.GITHUB:
            show_refusal(error, found.project, Printer())
        _say(pipeline, forge, found, lambda limit: refusal_markdown(refusal, limit))
        raise
    plan, compared_with = made.plan, made.compared_with
    show_plan(plan, Printer(), compared_with=compared_with, annotate=pipeline.service is Service.GITHUB)
    over = reached(options.thresholds, found, plan)
    write_outputs(pipeline, plan)

    def text(limit: int) -> str:
        return change_markdown(plan, found, limit, compared_with=compared_with, reached=over)

    _say(pipeline, forge, found, text, plan.id if plan.id is not None and is_plan_id(plan.id) else None)
    show_sentences(over, Printer())
    return exit_code(options.thresholds, found, plan) if made.sound else ExitCode.FINDINGS


def _planned(pipeline: Pipeline, options: CiOptions, found: Examination, now: dt.datetime) -> _Planned:
    if pipeline.foreign or options.server is None:
        return _offline(pipeline, found, now)
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.online_plan import plan_online
    from clawforge_cli.proposal import EVERYTHING

    manifest = Manifest.of(found.project)
    asked = replace(EVERYTHING, vouched=_written(pipeline))
    with control_plane_access(options, manifest.file) as chosen:
        return _Planned(plan_online(manifest, asked, chosen, now))


def _written(pipeline: Pipeline) -> Vouched | None:
    """Who wrote the change, by the forge's word: they may not approve this plan, wherever that is tried."""
    from clawforge.wire import Vouched

    if pipeline.forge is None or pipeline.change is None:
        return None
    writers = open_forge(pipeline.forge).writers(pipeline.change)
    return Vouched(authors=writers.authors, author_addresses=writers.addresses)


def _offline(pipeline: Pipeline, found: Examination, now: dt.datetime) -> _Planned:
    from clawforge_cli.ci.base_files import base_files
    from clawforge_cli.offline_plan import plan_offline
    from clawforge_cli.views import offline_checks

    why = "This change comes from another repository" if pipeline.foreign else "No control plane is named"
    note(f"{why}, so the plan is worked out from the files alone.")
    base = base_files(found.project, pipeline.base, now)
    if base is None:
        note("The files before the change cannot be read here; a clone of depth 2 has them.")
    plan, checked = plan_offline(found.project, base, now)
    if not checked.passed:
        offline_checks.show_checks(checked, found.project)
    return _Planned(plan, "an empty control plane" if base is None else base.name, checked.passed)


def _say(
    pipeline: Pipeline,
    forge: CodeForge | None,
    found: Examination,
    text: Callable[[int], str],
    plan: str | None = None,
) -> None:
    """In the summary of the run, and in the comment if there is a change to put it on. `text` is given its room."""
    write_summary(pipeline, text(MOST_IN_A_SUMMARY))
    if forge is not None and pipeline.change is not None and found.project.declared is not None:
        file = found.project.file
        put_comment(forge, pipeline.change, StickyComment(file.org, file.source, text(room(forge)), plan))
