"""One run of a pipeline, by what it runs for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge_cli.ci.pipeline import Event, Pipeline
from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.views.terminal import note

if TYPE_CHECKING:
    from clawforge_cli.ci.settings import CiOptions


def run(pipeline: Pipeline, options: CiOptions, now: dt.datetime) -> ExitCode:
    """How it ended. Raises what `review` and `land` raise."""
    match pipeline.event:
        case Event.CHANGE:
            from clawforge_cli.ci.change_run import review

            return review(pipeline, options, now)
        case Event.MERGE:
            from clawforge_cli.ci.merge_run import land

            return land(pipeline, options, now)
        case Event.OTHER:
            from clawforge_cli.ci.change_run import look_at

            found = look_at(pipeline, options, now)
            note("This runs for neither a change nor a merge to the branch that is applied, so that is all.")
            return ExitCode.OK if found.passed else ExitCode.FINDINGS
