"""`clawforge overlay`: what is done by hand, beside the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Output, Server, TextOrJson
from clawforge_cli.proposal_options import Author, Branch, Patch, Sign

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
    overlay: Annotated[str, typer.Argument(metavar="ID", help="Id of what was done by hand.")],
    write: Annotated[
        Path | None, typer.Option("--write", metavar="PROJECT", help="Write it into this project instead.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", metavar="DIR", help="Project of --branch and --patch; default this one.")
    ] = None,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Turn what was done by hand into a policy: YAML on standard output, a new file of a project, or a commit."""
    import datetime as dt
    import sys

    from clawforge.errors import InputError
    from clawforge_cli.codifying import codified, put_codified
    from clawforge_cli.proposing import Destination
    from clawforge_cli.views import human_proposal
    from clawforge_cli.views.terminal import note, safe

    destination = Destination.asked(branch, patch, author, sign=sign)
    if write is not None and destination.is_git:
        raise InputError("--write changes the files, which --branch and --patch leave as they are.")
    if project is not None and not destination.is_git:
        raise InputError("--project is for --branch and --patch.", hint="--write PROJECT puts it into a file there.")
    directory = (project or Path()) if destination.is_git else write
    now = dt.datetime.now(dt.UTC)
    done = codified(server, org, directory, overlay, now)
    for remark in done.remarks:
        note(safe(remark))
    if directory is None:
        sys.stdout.write(done.text)
        return
    path, proposed = put_codified(directory, done, destination, now)
    if not proposed.is_git:
        note(f"{safe(path)} is written. Review, merge and apply it, then end {safe(overlay)}: until then both hold.")
    human_proposal.note_proposed(proposed)
