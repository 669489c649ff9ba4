"""A whole state as a project, proved by reading it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawforge.adoption.project_text import project_texts
from clawforge.diagnostic import has_errors
from clawforge.errors import InputError
from clawforge.load.files import Intended
from clawforge.load.project import Project, load_project
from clawforge.load.project_file import ProjectFile
from clawforge.reference import references_of
from clawforge.resource.meta import Resource
from clawforge.state import UNOWNED, entries_of, state_digest

_SOURCE = "policies"
"""The source of a project whose resources nobody owns yet."""


@dataclass(frozen=True, slots=True)
class DumpedProject:
    """Text by path. `digest` is the state digest of what is in them; `sources` counts the resources of each owner, also
    of those whose resources were left out. `referred` are the addresses of what was left out although something here
    leads to it, also by way of others.
    """

    file: ProjectFile
    texts: Mapping[str, str]
    resources: tuple[Resource, ...]
    digest: str
    sources: Mapping[str, int]
    referred: tuple[str, ...] = ()


def dump_project(
    org: str,
    resources: Sequence[Resource],
    sources: Mapping[str, str],
    *,
    source: str | None = None,
    server: str | None = None,
) -> DumpedProject:
    """The resources that `source` owns, or all of them. `sources` says by address who owns what.

    A project speaks for one source. Without `source` it is the one that owns most, the first by name of several: what
    the others own stands in the files too, and a plan leaves it alone as long as nobody changes it. What nobody owns
    belongs to the project from its first apply on.

    Raises InputError if nothing is owned by `source`, and for names that no file can have.
    """
    counts = Counter(sources.get(item.address, UNOWNED) for item in resources)
    owners = sorted(name for name in counts if name != UNOWNED)
    owner = source or min(owners, key=lambda name: (-counts[name], name), default=_SOURCE)
    if source is not None and not counts[source]:
        raise InputError(
            f"No resource of {org} belongs to the source {source!r}.",
            hint=f"Sources: {', '.join(owners)}." if owners else "Nothing belongs to any source there.",
            code="unknown-source",
        )
    chosen = tuple(item for item in resources if source is None or sources.get(item.address) == source)
    file = ProjectFile(api_version="clawforge/v1", kind="Project", org=org, source=owner, server=server)
    digest = state_digest((address, entry.digest) for address, entry in entries_of(chosen, owner).items())
    referred = _referred(org, resources, chosen) if len(chosen) < len(resources) else ()
    return DumpedProject(file, project_texts(file, chosen), chosen, digest, dict(sorted(counts.items())), referred)


def _referred(org: str, resources: Sequence[Resource], chosen: Sequence[Resource]) -> tuple[str, ...]:
    known = {item.address: item for item in resources}
    seen = {item.address for item in chosen}
    found: set[str] = set()
    waiting = list(chosen)
    while waiting:
        for reference in references_of(waiting.pop()):
            # Contexts are declared by the organization.
            address = f"Organization/{org}" if reference.kind == "context" else f"{reference.kind}/{reference.name}"
            if address in known and address not in seen:
                seen.add(address)
                found.add(address)
                waiting.append(known[address])
    return tuple(sorted(found))


def read_back(dumped: DumpedProject, directory: Path) -> Project:
    """The project that the directory would be with these files in it, and with what it holds besides.

    Raises InputError if that would not say exactly what was dumped.
    """
    texts = {path: text.encode() for path, text in dumped.texts.items()}
    project = load_project(directory, files=Intended(directory, texts))
    if has_errors(project.diagnostics):
        first = next(item for item in project.diagnostics if item.severity.value == "error")
        foreign = first.location.file not in dumped.texts
        raise InputError(
            f"The files could not be read back: {first.location.file}:{first.location.line}: {first.message}",
            hint="That file is not of the dump: move it away, or dump into an empty directory."
            if foreign
            else "Nothing was written. This resource cannot be said in YAML as the server holds it.",
            code="not-dumped",
        )
    found = state_digest((address, entry.digest) for address, entry in entries_of(project.values, "").items())
    if found != dumped.digest:
        raise InputError(
            "The files would say something else than the server does.",
            hint="Other files of the directory declare resources too: dump into an empty directory.",
            code="not-dumped",
        )
    return project
