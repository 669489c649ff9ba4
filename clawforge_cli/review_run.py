"""Reviewing a plan: it is shown, the reviewer agrees, and exactly what was shown is judged."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

import typer

from clawforge.plan import plan_json
from clawforge_cli.arguments import TextOrJson
from clawforge_cli.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody is about to say about a plan."""

    verb: Literal["approve", "reject"]
    plan: str
    reason: str | None


def run_review(review: Review, *, server: str | None, org: str | None, yes: bool, format: TextOrJson) -> None:
    """Show the plan, ask, judge it, and show what is missing then. Raises typer.Exit(1) where nobody agreed."""
    from clawforge_cli.review_client import ReviewClient
    from clawforge_cli.views import human_approvals, human_plan, json_documents
    from clawforge_cli.views.terminal import Printer, note

    client = ReviewClient.chosen(server, org)
    found = client.plan(review.plan)
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    human_plan.show_plan(found, printer, detail=True)
    if not yes and not _agreed(review.verb):
        raise typer.Exit(ExitCode.ERROR)
    # The digest of what was just shown: a plan that changed meanwhile is not what was looked at.
    judged = client.judge(review.plan, found.digest, review.reason, reject=review.verb == "reject")
    if format is TextOrJson.JSON:
        json_documents.show(plan_json(judged))
        return
    note(f"The plan is {'rejected' if review.verb == 'reject' else 'approved'}.")
    human_approvals.show_approvals(judged, Printer(sys.stderr))


def _agreed(verb: str) -> bool:
    from clawforge_cli.settings import may_ask
    from clawforge_cli.views.terminal import note

    if not may_ask():
        note(f"Nobody can be asked here; pass --yes to {verb} without asking. Nothing was changed.")
        return False
    answer = typer.prompt(f"Do you {verb} this plan? Only 'yes' goes on", default="", show_default=False, err=True)
    if answer.strip() != "yes":
        note("Nothing was changed.")
        return False
    return True
