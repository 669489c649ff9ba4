"""`clawforge overlay`: what is done by hand, beside the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Output, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def overlay() -> None:
    """What was done by hand, beside the files, and holds until it ends."""


@app.command(name="list")
def list_(
    ended: Annotated[int, typer.Option("--ended", min=0, max=500, help="How many that ended to list as well.")] = 0,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """List what was done by hand and holds. No apply ends it."""
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views import human_overlays, json_documents
    from clawforge_cli.views.terminal import Printer

    found = OverlayClient.chosen(server, org).overlays(ended)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_overlays.show_list(found, Printer())


@app.command()
def codify(
    overlay: Annotated[str, typer.Argument(metavar="ID", help="Id of a kill switch or a quarantine.")],
    write: Annotated[
        Path | None, typer.Option("--write", metavar="PROJECT", help="Write it into this project instead.")
    ] = None,
    server: Server = None,
    org: Org = None,
) -> None:
    """Turn what was stopped by hand into a guardrail: YAML on standard output, or a new file of a project."""
    import sys

    from clawforge_cli.codifying import codified, write_codified
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views.terminal import note, safe

    client = OverlayClient.chosen(server, org, write)
    policy = codified(client, overlay)
    if write is None:
        sys.stdout.write(policy.text)
    else:
        path = write_codified(write, policy)
        note(f"{safe(path)} is written. Review, merge and apply it, then end {safe(overlay)}: until then both hold.")
