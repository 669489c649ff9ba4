"""`clawforge ci`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import ProjectPath, Server
from clawforge_cli.ci.pipeline import Event, ForgeKind

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ci(
    path: ProjectPath = Path(),
    server: Server = None,
    federated: Annotated[
        str | None,
        typer.Option("--federated", metavar="ACCOUNT", help="Sign in as this service account, without a secret."),
    ] = None,
    apply_as: Annotated[
        str | None,
        typer.Option("--apply-as", metavar="ACCOUNT", help="After a merge, sign in as this service account instead."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option("--audience", help="Audience that the identity token is asked for; the server's address else."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="WHAT,..",
            help="Fail a change also if it is looser, mixed, has findings (warnings), deletions, or lacks approvals.",
        ),
    ] = None,
    comment: Annotated[
        bool, typer.Option("--comment/--no-comment", help="Comment the plan on the change, where a forge is known.")
    ] = True,
    vouch: Annotated[
        bool, typer.Option("--vouch", help="After a merge, vouch for the approvals that the forge has.")
    ] = False,
    require_reviewed: Annotated[
        bool, typer.Option("--require-reviewed", help="After a merge, apply nothing of which no plan was reviewed.")
    ] = False,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write what lint found, for code scanning.")
    ] = None,
    code_quality: Annotated[
        Path | None,
        typer.Option("--code-quality", metavar="FILE", help="Write what was found, as GitLab's report."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", help="The branch whose merges are applied; the default branch else.")
    ] = None,
    event: Annotated[
        Event | None, typer.Option("--event", help="What this runs for, where no service says it.")
    ] = None,
    change: Annotated[
        int | None, typer.Option("--change", metavar="N", min=1, help="Number of the change, where no service says it.")
    ] = None,
    forge: Annotated[
        ForgeKind | None, typer.Option("--forge", help="The forge of the repository, where no service says it.")
    ] = None,
    forge_api: Annotated[str | None, typer.Option("--forge-api", metavar="URL", help="Address of its API.")] = None,
    repository: Annotated[
        str | None, typer.Option("--repository", help="The repository on the forge, such as acme/policies.")
    ] = None,
) -> None:
    """Do in a pipeline what its event asks for: look at a change and comment its plan, or apply what was reviewed.

    The service (GitHub Actions, GitLab, Jenkins, Buildkite) is known by its variables. A change is linted, tested and
    planned; exit 3 for errors, failed tests, and what --fail-on names. After a merge the plan is made again and applied
    if it is the one that was reviewed, else exit 4. Any other run lints and tests. A change from a fork is looked at
    without a control plane and without secrets.
    """
    from clawforge_cli.ci.pipeline import Given
    from clawforge_cli.ci.recognised import recognised
    from clawforge_cli.ci.run import run
    from clawforge_cli.ci.settings import CiOptions
    from clawforge_cli.ci.threshold import parse_thresholds
    from clawforge_cli.settings import forge_token, service_variables

    thresholds = parse_thresholds(fail_on)
    given = Given(event, change, branch, forge, forge_api, repository, forge_token())
    pipeline = recognised(service_variables(), given)
    account = apply_as or federated if pipeline.event is Event.MERGE else federated
    options = CiOptions(
        path, server, account, audience, thresholds, comment, vouch, require_reviewed, sarif, code_quality
    )
    code = run(pipeline, options, dt.datetime.now(dt.UTC))
    if code:
        raise typer.Exit(code)
