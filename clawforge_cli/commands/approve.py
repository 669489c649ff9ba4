"""`clawforge approve`."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def approve(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan.")],
    reject: Annotated[bool, typer.Option("--reject", help="Reject it: it cannot be applied any more.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; the author and the log see it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Show somebody else's plan, and approve it."""
    import sys

    from clawforge.plan import plan_json
    from clawforge_cli.review_client import ReviewClient
    from clawforge_cli.settings import may_ask
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer, note

    client = ReviewClient.chosen(server, org)
    found = client.plan(plan)
    human_plan.show_plan(
        found, Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False), detail=True
    )
    verb = "reject" if reject else "approve"
    if not yes:
        if not may_ask():
            note(f"Nobody can be asked here; pass --yes to {verb} without asking. Nothing was changed.")
            raise typer.Exit(ExitCode.ERROR)
        answer = typer.prompt(f"Do you {verb} this plan? Only 'yes' goes on", default="", show_default=False, err=True)
        if answer.strip() != "yes":
            note("Nothing was changed.")
            raise typer.Exit(ExitCode.ERROR)
    # The digest of what was just shown: a plan that changed meanwhile is not what was looked at.
    judged = client.judge(plan, found.digest, reason, reject=reject)
    if format is TextOrJson.JSON:
        json_documents.show(plan_json(judged))
    else:
        note(f"The plan is {'rejected' if reject else 'approved'}.")
