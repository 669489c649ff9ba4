"""What is live, or was governed by another server, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from clawforge.adoption.conversion import Conversion
    from clawforge.adoption.dump import DumpedProject
    from clawforge.adoption.live import Adoption
    from clawforge_cli.proposing import Destination, Proposed


def import_live(
    addresses: list[str],
    directory: Path,
    file: str | None,
    server: str | None,
    org: str | None,
    destination: Destination,
    now: dt.datetime,
) -> tuple[Adoption, Proposed]:
    """Take live resources into the files of a project, or into a proposal to git.

    Raises what `clawforge.adoption.live.adopt` and `proposing.prepare` raise; nothing is written then.
    """
    from clawforge.adoption.live import LiveResource, adopt
    from clawforge.errors import InputError
    from clawforge.load.project import load_project
    from clawforge.resource.address import checked_address
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.gitops.commit_message import CommitMessage
    from clawforge_cli.proposing import propose
    from clawforge_cli.state_source import resources_of

    for address in addresses:
        checked_address(address)
    project = load_project(directory)
    if org is not None and org != project.file.org:
        raise InputError(
            f"{directory} speaks for the org {project.file.org!r}, not for {org!r}.", hint="Leave --org out."
        )
    answer = AskingClient.chosen(server, org, directory).present_state()
    live = {item.address: LiveResource(item, answer.sources.get(item.address, "")) for item in resources_of(answer)}
    adoption = adopt(project, live, addresses, place=file)
    names = [item.address for item in adoption.adopted]
    subject = (
        f"Take {names[0]} into the files" if len(names) == 1 else f"Take {len(names)} live resources into the files"
    )
    reason = f"As the control plane holds them, at revision {answer.revision}:\n" + "\n".join(names)
    message = CommitMessage(subject, reason, "import", (("Clawforge-Revision", str(answer.revision)),))
    return adoption, propose(directory, adoption.files, message, destination, now)


def public_project(origin: str, from_org: str | None, org: str | None, source: str) -> tuple[DumpedProject, Conversion]:
    """An org of the public ClawForge, from its server or from a file, as a project, with a report of what could not be
    said. Raises InputError, and the errors of asking the server.
    """
    import datetime as dt

    from clawforge.adoption.conversion import convert
    from clawforge.adoption.dump import dump_project
    from clawforge_cli.public_server import fetch_export, read_export
    from clawforge_cli.starter import checked_name

    named = None if org is None else checked_name(org, "an org")
    owner = checked_name(source, "a source")
    export = fetch_export(origin, from_org) if origin.startswith(("http://", "https://")) else read_export(Path(origin))
    conversion = convert(export, org=named, now=dt.datetime.now(dt.UTC))
    owners = {item.address: owner for item in conversion.resources}
    return dump_project(conversion.org, conversion.resources, owners, source=owner), conversion
