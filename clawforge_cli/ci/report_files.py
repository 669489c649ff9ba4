"""Files that a service reads after the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from clawforge import __version__
from clawforge.errors import InputError
from clawforge_cli.lint_run import prefix_of
from clawforge_cli.plan_source import is_plan_id
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.json_documents import escape_beyond_json
from clawforge_cli.views.lint_code_quality import code_quality
from clawforge_cli.views.lint_sarif import sarif

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge_cli.ci.examination import Examination
    from clawforge_cli.ci.pipeline import Pipeline
    from clawforge_cli.ci.settings import CiOptions

MOST_IN_A_SUMMARY = 900_000
"""GitHub takes a summary of one MiB for each step."""


def write_reports(found: Examination, options: CiOptions) -> None:
    """The files of findings that were asked for. Raises InputError if one cannot be written."""
    prefix = prefix_of(found.project.root)
    if options.sarif is not None:
        lint = found.lint
        sources = SourceLines(found.project.root)
        _write(options.sarif, sarif(lint.report.items, lint.fingerprints, prefix, __version__, sources))
    if options.code_quality is not None:
        _write(options.code_quality, code_quality(found.lint, found.cases, prefix))


def write_summary(pipeline: Pipeline, text: str) -> None:
    """Markdown for the page of the run, where the service shows some."""
    if pipeline.summary is not None:
        _append(pipeline.summary, text.encode("utf-8", "backslashreplace")[:MOST_IN_A_SUMMARY] + b"\n")


def write_outputs(pipeline: Pipeline, plan: Plan) -> None:
    """The verdict and the plan's id for later steps: words and ids of our own, never text of the change."""
    if pipeline.outputs is not None:
        name = plan.id if plan.id is not None and is_plan_id(plan.id) else ""
        _append(pipeline.outputs, f"verdict={plan.meaning.verdict}\nplan={name}\n".encode())


def _write(path: Path, document: Any) -> None:
    try:
        path.write_text(escape_beyond_json(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()) + "\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def _append(path: Path, data: bytes) -> None:
    try:
        with path.open("ab") as stream:
            stream.write(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
