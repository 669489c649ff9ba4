"""`clawforge dump`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Server

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def dump(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory that becomes the project.")],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Only what this source owns; default is everything.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there; others of the directory stay.")
    ] = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Write what the control plane holds as a complete project, which plans nothing."""
    from clawforge.adoption.dump import read_back
    from clawforge_cli.dumping import fetch_dump
    from clawforge_cli.project_writing import require_empty, write_project
    from clawforge_cli.views.adopted import show_dump
    from clawforge_cli.views.terminal import Printer

    if not force:
        require_empty(out)
    fetched = fetch_dump(server, org, source)
    read_back(fetched.dumped, out)
    show_dump(fetched, write_project(out, fetched.dumped.texts), out, Printer())
