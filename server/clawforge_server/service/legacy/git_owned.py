"""What the files of a project say is changed there, and nowhere else: a write that git would undo is refused."""

from __future__ import annotations

from clawforge.errors import ConflictError
from clawforge.position import ResourcePosition
from clawforge_server.state.org_state import OrgState


class GitOwnedError(ConflictError):
    """Something that is kept in git, and where it stands if that is known."""

    def __init__(self, what: str, position: ResourcePosition | None, pointer: str = "") -> None:
        self.file = None if position is None else position.file
        self.line = None if position is None else position.line_of(pointer)
        where = "the files of the project" if position is None else f"{self.file}:{self.line}"
        super().__init__(f"{what} is kept in git: {where}.", hint="Change it there and apply.", code="kept-in-git")


def refuse_write(state: OrgState, what: str, addresses: tuple[str | None, ...], pointer: str = "") -> GitOwnedError:
    """The error for a write; of the addresses the first that stands in the files counts."""
    found = (state.positions.get(address) for address in addresses if address is not None)
    return GitOwnedError(what, next((position for position in found if position is not None), None), pointer)
