"""`clawforge import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson
from clawforge_cli.proposal_options import Author, Branch, Patch, Sign

if TYPE_CHECKING:
    from clawforge_cli.proposing import Destination

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def import_(
    addresses: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS", help="Live resources, such as Policy/legacy.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The project; a new directory with --from-clawforge.")
    ] = Path(),
    file: Annotated[
        str | None, typer.Option("--file", metavar="PATH", help="File of the project that they go to.")
    ] = None,
    from_clawforge: Annotated[
        str | None,
        typer.Option(
            "--from-clawforge", metavar="URL|FILE", help="Turn an org of the public ClawForge into a project."
        ),
    ] = None,
    from_org: Annotated[
        str | None, typer.Option("--from-org", metavar="ID", help="With a URL: the id of the org on that server.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Source of the new project.")] = "policies",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there; others stay.")] = False,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Take live resources, or a whole org of the public ClawForge, into files. No server is changed.

    The token for a URL comes from the environment, never from an option: see the reference page.
    """
    from clawforge.errors import InputError
    from clawforge_cli.proposing import Destination

    destination = Destination.asked(branch, patch, author, sign=sign)
    if bool(addresses) == (from_clawforge is not None):
        raise InputError(
            "Say what to import: addresses of live resources, or --from-clawforge.",
            hint="Such as `clawforge import Policy/legacy User/bob`.",
        )
    if from_clawforge is not None:
        if file is not None:
            raise InputError("--file is for live resources; --from-clawforge makes a whole project.")
        if destination.is_git:
            raise InputError("--branch and --patch are for live resources; --from-clawforge makes a whole project.")
        _whole_org(from_clawforge, from_org, out, org, source, force=force, format=format)
    else:
        _live(addresses or [], out, file, server, org, destination, format)


def _live(
    addresses: list[str],
    out: Path,
    file: str | None,
    server: str | None,
    org: str | None,
    destination: Destination,
    format: TextOrJson,
) -> None:
    import datetime as dt

    from clawforge_cli.importing import import_live
    from clawforge_cli.views import adopted, human_proposal, json_documents
    from clawforge_cli.views.terminal import Printer

    done, proposed = import_live(addresses, out, file, server, org, destination, dt.datetime.now(dt.UTC))
    if format is TextOrJson.JSON:
        json_documents.show({**adopted.adoption_json(done), **human_proposal.proposal_document(proposed)})
    else:
        adopted.show_adoption(done, out, Printer())
    human_proposal.note_proposed(proposed)


def _whole_org(
    origin: str, from_org: str | None, out: Path, org: str | None, source: str, *, force: bool, format: TextOrJson
) -> None:
    from clawforge.adoption.dump import read_back
    from clawforge_cli.importing import public_project
    from clawforge_cli.project_writing import require_empty, write_project
    from clawforge_cli.views import json_documents, migrated
    from clawforge_cli.views.terminal import Printer

    if not force:
        require_empty(out)
    dumped, conversion = public_project(origin, from_org, org, source)
    read_back(dumped, out)
    done = write_project(out, dumped.texts)
    if format is TextOrJson.JSON:
        json_documents.show(migrated.conversion_json(dumped, conversion))
    else:
        migrated.show_conversion(dumped, conversion, done, out, Printer())
