"""`clawforge approve`."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, PlanId, Server, TextOrJson, Yes

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def approve(
    plan: PlanId,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; the author and the log see it.")] = None,
    yes: Yes = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Show somebody else's plan and which approvals it needs, has and lacks, and approve it."""
    from clawforge_cli.review_run import Review, run_review

    run_review(Review("approve", plan, reason), server=server, org=org, yes=yes, format=format)
