"""What a pipeline says on a change, as Markdown: the findings, or the plan with what there is to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_problems import count_line
from clawforge_cli.views.lint_markdown import markdown_text, show_markdown
from clawforge_cli.views.plan_markdown import plan_markdown
from clawforge_cli.views.terminal import Printer

if TYPE_CHECKING:
    from clawforge.errors import ClawforgeError
    from clawforge.plan import Plan
    from clawforge_cli.ci.examination import Examination

_MOST = 25
_ROOM = 3_000


def findings_markdown(found: Examination, limit: int) -> str:
    """Why there is no plan: the findings of lint, and the tests that failed. At most `limit` characters."""
    buffer = StringIO()
    printer = Printer(buffer, colour=False)
    show_markdown(found.lint.report, printer, files=found.lint.files, resources=found.lint.resources)
    failed = [] if found.cases is None else [item for item in found.cases.cases if not item.result.passed]
    if failed:
        printer.line(f"\n**{len(failed):,} failed** of {len(found.cases.cases) if found.cases else 0:,} tests:")
    for item in failed[:_MOST]:
        words = f"{item.location}: {item.result.address}: {item.result.case.name}: {item.result.failure}"
        printer.line(f"- {markdown_text(words)}")
    if len(failed) > _MOST:
        printer.line(f"\n({len(failed) - _MOST:,} more)")
    return _cut(buffer.getvalue(), limit)


def refusal_markdown(error: ClawforgeError, limit: int) -> str:
    """Why the control plane made no plan."""
    lines = ["### clawforge: no plan", f"\n{markdown_text(error.message)} {markdown_text(error.hint)}".rstrip()]
    for problem in tuple(getattr(error, "problems", ()))[:_MOST]:
        place = f"{problem.position.file}:{problem.position.line}: " if problem.position is not None else ""
        lines.append(f"- {markdown_text(f'{place}{problem.message} {problem.hint}'.strip())}")
    return _cut("\n".join(lines) + "\n", limit)


def change_markdown(
    plan: Plan, found: Examination, limit: int, *, compared_with: str | None, reached: tuple[str, ...]
) -> str:
    """The plan, what else was looked at, and what comes next. `reached` are the thresholds that fail the pipeline."""
    text = plan_markdown(plan, limit=limit - _ROOM)
    return _cut(text + "\n" + "\n".join(_rest(plan, found, compared_with, reached)) + "\n", limit)


def _rest(plan: Plan, found: Examination, compared_with: str | None, reached: tuple[str, ...]) -> Iterator[str]:
    if compared_with is not None:
        yield f"Compared with {markdown_text(compared_with)}; no control plane was asked.\n"
    reported = [item.diagnostic for item in found.lint.report.reported]
    lint = count_line(reported, found.lint.files, found.lint.resources)
    tests = 0 if found.cases is None else len(found.cases.cases)
    yield f"Lint: {markdown_text(lint)} Tests: {tests} passed."
    for sentence in reached:
        yield f"\n**Fails**: {markdown_text(sentence)}"
    if plan.id is not None:
        until = "" if plan.expires_at is None else f", kept until {format_instant(plan.expires_at)}"
        missing = plan.approvals.missing and "; `clawforge approve` with this id approves it"
        yield f"\nPlan `{plan.id}`{until}{missing or ''}. The merge applies this plan and no other."


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 100].rpartition("\n")[0] + "\n\n(The rest does not fit.)\n"
