"""Files, control plane and agents side by side: where they differ, and what was declared to be an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from clawforge.position import Positions
from clawforge.resource.meta import Strict
from clawforge.wire_drift import FleetDrift

if TYPE_CHECKING:
    from clawforge.state import StateEntry

ResourceState = Literal["only-in-files", "only-on-server", "differs", "owned-elsewhere"]
"""`only-on-server`: an apply would delete it. `owned-elsewhere`: it differs, and another source owns it."""


class ResourceDrift(Strict):
    """One resource that files and control plane do not agree on. `file` and `line` say where it stands, or stood when
    it was applied; `source` is who owns it on the control plane."""

    address: str
    state: ResourceState
    file: str | None = None
    line: int | None = None
    source: str | None = None


class FilesSide(Strict):
    """The files: the commit around them, and whether they differ from it."""

    commit: str | None = None
    dirty: bool = False
    resources: int = 0


class ServerSide(Strict):
    """The control plane: the present revision, and how many resources the project's source owns."""

    revision: int
    commit: str | None = None
    resources: int = 0


class DriftReport(Strict):
    """The three columns. `resources` are the first by address; `resource_count` is whole, as all counts are."""

    org: str
    source: str
    files: FilesSide
    server: ServerSide
    resources: tuple[ResourceDrift, ...] = ()
    resource_count: int = 0
    fleet: FleetDrift

    @property
    def differs(self) -> bool:
        """Whether any two columns differ; an exception is no difference."""
        return bool(self.resource_count or self.fleet.counts.differing)


def resource_drift(
    source: str,
    files: Mapping[str, StateEntry],
    server: Mapping[str, StateEntry],
    file_positions: Positions,
    server_positions: Positions,
) -> tuple[ResourceDrift, ...]:
    """Where the two differ within what `source` owns, by address. What another source owns is no drift while the files
    leave it out, or say the same."""
    found = []
    for address in sorted({*files, *(name for name, entry in server.items() if entry.source == source)}):
        mine, theirs = files.get(address), server.get(address)
        state = _state(source, mine, theirs)
        if state is None:
            continue
        place = (file_positions if mine is not None else server_positions).get(address)
        found.append(
            ResourceDrift(
                address=address,
                state=state,
                file=None if place is None else place.file,
                line=None if place is None else place.line,
                source=None if theirs is None else theirs.source,
            )
        )
    return tuple(found)


def _state(source: str, mine: StateEntry | None, theirs: StateEntry | None) -> ResourceState | None:
    if mine is None:
        return "only-on-server"
    if theirs is None:
        return "only-in-files"
    if mine.digest == theirs.digest:
        return None
    return "differs" if theirs.source == source else "owned-elsewhere"
