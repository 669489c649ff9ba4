"""`clawforge quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def quickstart(
    path: Annotated[Path, typer.Argument(metavar="PROJECT", help="Directory of the project.")] = Path(
        "policies.example"
    ),
    user: Annotated[str, typer.Option("--user", help="User whose agent is tried.")] = "dana",
    allowed: Annotated[str, typer.Option("--allowed", help="A command that this agent may run.")] = "git status",
    refused: Annotated[
        str, typer.Option("--refused", help="A command that it may not.")
    ] = "git status; cat ~/.aws/credentials",
) -> None:
    """Run the main job on this machine: lint, test, plan, apply, enrol an agent, allow one call and refuse another."""
    from clawforge_cli.tour import run_tour

    raise typer.Exit(run_tour(path, user, allowed=allowed, refused=refused))
