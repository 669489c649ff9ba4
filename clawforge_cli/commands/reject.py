"""`clawforge reject`."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, PlanId, Server, TextOrJson, Yes

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def reject(
    plan: PlanId,
    reason: Annotated[str, typer.Option("--reason", help="Why; the author and the log see it.")],
    yes: Yes = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Show somebody else's plan and reject it: nobody can apply the change until you approve it."""
    from clawforge.errors import InputError
    from clawforge_cli.review_run import Review, run_review

    if not reason.strip():
        raise InputError("--reason says nothing.")
    run_review(Review("reject", plan, reason), server=server, org=org, yes=yes, format=format)
