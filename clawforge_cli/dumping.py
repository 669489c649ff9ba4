"""The state of a control plane as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.adoption.dump import DumpedProject


@dataclass(frozen=True, slots=True)
class FetchedDump:
    """What the server held at a revision."""

    dumped: DumpedProject
    revision: int


def fetch_dump(server: str | None, org: str | None, source: str | None) -> FetchedDump:
    """The project of an org as it is now. Raises UnavailableError for an answer that contradicts itself."""
    from pydantic import ValidationError

    from clawforge.adoption.dump import dump_project
    from clawforge.errors import UnavailableError
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.state_source import resources_of

    client = AskingClient.chosen(server, org)
    answer = client.present_state()
    try:
        dumped = dump_project(
            client.org, resources_of(answer), answer.sources, source=source, server=client.connection.server
        )
    except ValidationError as error:
        raise UnavailableError(
            "The control plane names an owner of resources as nobody can be called.",
            hint="Is there something else than clawforge at that address?",
            code="unexpected-answer",
        ) from error
    if source is None and dumped.digest != answer.digest:
        raise UnavailableError(
            "The control plane sent other resources than its digest says.",
            hint="Are clawforge and the server of the same version? Nothing was written.",
            code="unexpected-answer",
        )
    return FetchedDump(dumped, answer.revision)
