"""The resources that a question is about: those of the files at hand, or those that are applied, with the machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.analysis.population import KnownInstance
    from clawforge.position import Positions
    from clawforge.resource.meta import Resource
    from clawforge.state import StateEntry
    from clawforge.wire import StateAnswer


@dataclass(frozen=True, slots=True)
class KnownState:
    """Resources, where they are written, and machines that enrolled, which only a control plane knows."""

    resources: tuple[Resource, ...]
    positions: Positions
    instances: tuple[KnownInstance, ...] = ()


def state_of_files(path: Path) -> KnownState:
    """What a project directory says."""
    from clawforge_cli.project_files import open_project

    project = open_project(path)
    return KnownState(tuple(project.values), project.positions)


def state_of_server(path: Path, org: str | None, server: str | None) -> KnownState:
    """What the control plane holds. Raises UnavailableError for resources that this version cannot read."""
    from clawforge.analysis.population import KnownInstance
    from clawforge_cli.asking_client import AskingClient

    client = AskingClient.chosen(server, org, path)
    answer = client.present_state()
    resources = resources_of(answer)
    instances = tuple(
        KnownInstance(item.instance, item.user, item.groups, tuple(item.tags.items()), tuple(item.versions.items()))
        for item in client.instances().instances
        if item.state in ("active", "quarantined")
    )
    return KnownState(resources, answer.positions, instances)


def resources_of(answer: StateAnswer) -> tuple[Resource, ...]:
    """What an answer of the control plane describes. Raises UnavailableError for what this version cannot read."""
    from clawforge.errors import UnavailableError
    from clawforge.load.resource import parse_resource

    parsed = [parse_resource(value) for value in answer.resources]
    resources = {item.address: item for item in parsed if not isinstance(item, list)}
    if len(resources) < len(parsed):
        raise UnavailableError(
            "The control plane holds resources that this version cannot read.",
            hint="Are clawforge and the server of the same version?",
        )
    return tuple(resources.values())


def entries_of_answer(answer: StateAnswer) -> dict[str, StateEntry]:
    """Who owns what, and the digest of each resource as the control plane has it, without making resources of them.
    Raises UnavailableError for what is no resource of a known kind.
    """
    from clawforge.canonical import canonical_bytes, digest_of_bytes
    from clawforge.errors import UnavailableError
    from clawforge.load.resource import written_address
    from clawforge.state import UNOWNED, StateEntry

    entries: dict[str, StateEntry] = {}
    for value in answer.resources:
        address = written_address(value)
        if address is None:
            raise UnavailableError(
                "The control plane holds resources that this version cannot read.",
                hint="Are clawforge and the server of the same version?",
            )
        body = canonical_bytes(value)
        entries[address] = StateEntry(answer.sources.get(address, UNOWNED), body, digest_of_bytes(body))
    return entries
