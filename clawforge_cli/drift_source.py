"""Gathering the three sides of drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.drift import DriftReport


def find_drift(path: Path, server: str | None, org: str | None, limit: int) -> DriftReport:
    """The files of a project, its control plane, and what agents acknowledged there. At most `limit` resources, agents
    and exceptions are named. Raises FindingsError after showing why files cannot be read, and the client's errors.
    """
    from clawforge.drift import DriftReport, FilesSide, ServerSide, resource_drift
    from clawforge.errors import InputError
    from clawforge.state import StateEntry, entries_of
    from clawforge_cli.drift_client import DriftClient
    from clawforge_cli.gitops.local import head_commit
    from clawforge_cli.offline_plan import base_project
    from clawforge_cli.state_source import resources_of

    project = base_project(path)
    if org is not None and org != project.file.org:
        raise InputError(f"{path} speaks for the org {project.file.org!r}, not for {org!r}.", hint="Leave --org out.")
    source = project.file.source
    client = DriftClient.chosen(server, org, path)
    answer, fleet = client.present_state(), client.drift(limit)
    held = {item.address: StateEntry.of(item, answer.sources.get(item.address, "")) for item in resources_of(answer)}
    files = entries_of(project.values, source)
    commit = head_commit(project.root, sorted({item.document.file for item in project.resources}))
    differing = resource_drift(source, files, held, project.positions, answer.positions)
    return DriftReport(
        org=project.file.org,
        source=source,
        files=FilesSide(
            commit=commit.id if commit else None, dirty=commit.dirty if commit else False, resources=len(files)
        ),
        server=ServerSide(
            revision=answer.revision,
            commit=fleet.commit,
            resources=sum(entry.source == source for entry in held.values()),
        ),
        resources=differing[:limit],
        resource_count=len(differing),
        fleet=fleet,
    )
