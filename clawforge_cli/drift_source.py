"""Gathering the three sides of drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.drift import DriftReport
    from clawforge_cli.drift_client import DriftClient


def find_drift(path: Path, server: str | None, org: str | None, limit: int) -> DriftReport:
    """The files of a project, its control plane, and what agents acknowledged there. At most `limit` resources, agents
    and exceptions are named. Raises FindingsError after showing why files cannot be read, and the client's errors.
    """
    from concurrent.futures import ThreadPoolExecutor

    from clawforge.drift import DriftReport, FilesSide, ServerSide, resource_drift
    from clawforge.state import entries_of
    from clawforge_cli.gitops.local import head_commit
    from clawforge_cli.project_files import readable_project
    from clawforge_cli.state_source import entries_of_answer

    client = _client(path, server, org)
    # The control plane looks through its agents while the files are read here.
    with ThreadPoolExecutor(max_workers=1) as asking:
        asked = asking.submit(lambda: client.drift(limit))
        project = readable_project(path)
        fleet = asked.result()
    answer = client.present_state()
    source = project.file.source
    held = entries_of_answer(answer)
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


def _client(path: Path, server: str | None, org: str | None) -> DriftClient:
    from clawforge.errors import InputError
    from clawforge.load.project import read_project_file
    from clawforge_cli.drift_client import DriftClient
    from clawforge_cli.project_files import readable_project

    file = read_project_file(path)
    if file is None:
        file = readable_project(path).file
    if org is not None and org != file.org:
        raise InputError(f"{path} speaks for the org {file.org!r}, not for {org!r}.", hint="Leave --org out.")
    return DriftClient.chosen(server, org, path)
