"""What makes a pipeline fail beside errors: asked for by name, never by default."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from clawforge.errors import InputError
from clawforge.plan import Plan
from clawforge_cli.ci.examination import Examination
from clawforge_cli.exit_codes import ExitCode


class Threshold(StrEnum):
    """One thing that may be too much."""

    LOOSER = "looser"
    """Somebody may do more, or it is not known that nobody does."""
    MIXED = "mixed"
    """Somebody may do more and somebody less, or what anybody may do is not known."""
    FINDINGS = "findings"
    """Lint has warnings."""
    DELETIONS = "deletions"
    """Something is destroyed."""
    APPROVALS = "approvals"
    """An approval is missing."""


_VERDICTS = {Threshold.LOOSER: {"looser", "mixed", "unknown"}, Threshold.MIXED: {"mixed", "unknown"}}


def parse_thresholds(text: str | None) -> frozenset[Threshold]:
    """From `looser,deletions`. Raises InputError."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    try:
        return frozenset(map(Threshold, words))
    except ValueError as error:
        known = ", ".join(Threshold)
        raise InputError(f"--fail-on: {error}.", hint=f"Choose among {known}, with commas between them.") from error


def reached(wanted: Iterable[Threshold], found: Examination, plan: Plan) -> tuple[str, ...]:
    """Why the pipeline fails, in sentences, findings before what waits for people; empty if it does not."""
    return tuple(_WORDS[item] for item in Threshold if item in set(wanted) and _is_reached(item, found, plan))


def exit_code(wanted: Iterable[Threshold], found: Examination, plan: Plan) -> ExitCode:
    """3 for what the change is, 4 if nothing is amiss but that somebody has yet to approve it."""
    over = {item for item in wanted if _is_reached(item, found, plan)}
    if not over:
        return ExitCode.OK
    return ExitCode.CONFLICT if over == {Threshold.APPROVALS} else ExitCode.FINDINGS


_WORDS = {
    Threshold.LOOSER: "The change may let somebody do more.",
    Threshold.MIXED: "The change lets somebody do more and somebody less, or what it does is not known.",
    Threshold.FINDINGS: "Lint has warnings.",
    Threshold.DELETIONS: "The change destroys resources.",
    Threshold.APPROVALS: "The change needs approvals that it does not have.",
}


def _is_reached(item: Threshold, found: Examination, plan: Plan) -> bool:
    match item:
        case Threshold.FINDINGS:
            return found.warnings > 0
        case Threshold.DELETIONS:
            return plan.summary.destroy > 0
        case Threshold.APPROVALS:
            # A plan without a control plane knows what is needed, and never what was given.
            return bool(plan.approvals.missing if plan.id is not None else plan.approvals.needed)
        case _:
            return not plan.is_empty and plan.meaning.verdict in _VERDICTS[item]
