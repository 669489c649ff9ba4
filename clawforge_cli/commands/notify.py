"""`clawforge notify`: try the ways that a reconciler tells people, and see what became of notices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Output, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Configuration = Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration of the reconciler.")]
Source = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source.")]


@app.callback()
def notify() -> None:
    """Try the ways that a reconciler tells people, and see what became of notices."""


@app.command(name="test")
def trial(
    config: Configuration,
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="Name of the route.")],
    source: Source = None,
    commit: Annotated[
        str | None,
        typer.Option("--commit", metavar="ID", help="Commit that gets a status; for a `commitStatus` alone."),
    ] = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Send a trial notice one way, and say what became of it. Exit 1 unless it was delivered."""
    from clawforge.load.reconciler_file import read_reconciler_file
    from clawforge_cli.gitops.notice_trial import try_route
    from clawforge_cli.views import human_deliveries, json_documents
    from clawforge_cli.views.terminal import Printer

    delivery = try_route(read_reconciler_file(config), config.parent, route, source=source, commit=commit)
    if format is TextOrJson.JSON:
        json_documents.show(delivery.model_dump(mode="json", by_alias=True))
    else:
        human_deliveries.show_trial(delivery, Printer())
    if delivery.status != "delivered":
        raise typer.Exit(ExitCode.ERROR)


@app.command()
def log(
    config: Configuration,
    source: Source = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the latest ones.")] = 50,
    format: Output = TextOrJson.TEXT,
) -> None:
    """List what became of notices, the latest last. The log is on the machine of the reconciler."""
    from clawforge.load.reconciler_file import read_reconciler_file
    from clawforge_cli.gitops.notice_trial import logged
    from clawforge_cli.views import human_deliveries, json_documents
    from clawforge_cli.views.terminal import Printer

    found = logged(read_reconciler_file(config), config.parent, source=source, most=limit)
    if format is TextOrJson.JSON:
        json_documents.show({"deliveries": [item.model_dump(mode="json", by_alias=True) for item in found]})
    else:
        human_deliveries.show_log(found, Printer())
