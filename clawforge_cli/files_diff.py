"""The files of a project beside a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.canonical import canonical_bytes, digest_of_bytes
from clawforge.errors import UnavailableError
from clawforge.history import ComparedState, StateDiff, changes_between, compared
from clawforge.load.resource import written_address
from clawforge.state import StateEntry, entries_of, state_digest

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.wire import StateAnswer


def diff_of_files(state: StateAnswer, project: Project) -> StateDiff:
    """What the files say that the revision does not. Resources of other sources are looked at as far as the files name
    them too. Raises UnavailableError for a state that this version cannot read."""
    source = project.file.source
    files = entries_of(project.values, source)
    there = _entries(state)
    before = {address: entry for address, entry in there.items() if entry.source == source or address in files}
    rest = {address: entry for address, entry in there.items() if address not in before}
    digest = state_digest((address, entry.digest) for address, entry in (rest | files).items())
    return compared(
        state.org,
        ComparedState(revision=state.revision, digest=state.digest),
        ComparedState(digest=digest),
        changes_between(before, files, project.positions),
    )


def _entries(state: StateAnswer) -> dict[str, StateEntry]:
    entries: dict[str, StateEntry] = {}
    for value in state.resources:
        address = written_address(value)
        if address is None or address not in state.sources:
            raise UnavailableError(
                "The control plane holds resources that this version cannot read.",
                hint="Are clawforge and the server of the same version?",
            )
        body = canonical_bytes(value)
        entries[address] = StateEntry(state.sources[address], body, digest_of_bytes(body))
    return entries
