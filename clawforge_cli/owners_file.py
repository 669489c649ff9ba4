"""The CODEOWNERS file of the repository around a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge_cli.repository_files import Surroundings, text_of

if TYPE_CHECKING:
    from clawforge.change_control.code_owners import Forge
    from clawforge.load.project import Project
    from clawforge.marked_block import Placed

_PLACES = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
"""Where each forge looks, in its order: only the first counts."""
_NEW = "CODEOWNERS"


@dataclass(frozen=True, slots=True)
class OwnersFile:
    """`name` is the path in the repository; `before` what it holds. `lines` are ours, without the marks around them."""

    surroundings: Surroundings
    name: str
    before: bytes | None
    after: bytes
    lines: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether writing it changes anything."""
        return (self.before or b"") != self.after

    @classmethod
    def of(cls, project: Project, forge: Forge) -> OwnersFile:
        """The file with the present owners in it. Raises InputError for annotations, marks and files that are not as
        they must be."""
        from clawforge.change_control.code_owners import Forge, code_owners
        from clawforge.change_control.owner_lines import owner_lines
        from clawforge.marked_block import Marks, put_block

        surroundings = Surroundings.of(project.root)
        names = _PLACES[forge.value]
        present = surroundings.first(names)
        name = present if (surroundings.top / present).is_file() else _NEW
        before = surroundings.read(name)
        found = code_owners(project.values, forge)
        files = {item.document.file for item in project.resources}
        lines = owner_lines(found, forge, surroundings.prefix, files)
        marks = Marks(surroundings.prefix or "./", "from the ChangePolicies, by `clawforge codeowners --write`")
        text = text_of(name, before)
        at = None if forge is Forge.GITLAB else _place(text, lines)
        placed = put_block(text, marks, lines, at=at) if lines or marks.end in text else None
        remarks = [line.removeprefix("# Not said here: ") for line in lines if line.startswith("# Not said here: ")]
        if placed is not None:
            remarks += _of_precedence(name, placed, lines, forge)
        after = (before or b"") if placed is None else placed.text.encode()
        return cls(surroundings, name, before, after, lines, tuple(remarks))

    def write(self) -> None:
        """Put it into the repository. Raises ConflictError and ClawforgeError."""
        self.surroundings.write(self.name, self.before, self.after)


def _place(text: str, ours: Sequence[str]) -> int | None:
    """Before which line a new block goes, so that it takes no line's files away as a whole; None for the end."""
    from clawforge.change_control.owner_precedence import first_narrower
    from clawforge.marked_block import room_before

    present = _lines(text)
    narrower = first_narrower(present, ours)
    return None if narrower is None else room_before(present, narrower)


def _of_precedence(name: str, placed: Placed, ours: Sequence[str], forge: Forge) -> list[str]:
    """Who is not asked because of the order of lines. On GitLab ours are sections, each of which is asked by itself."""
    from clawforge.change_control.code_owners import Forge
    from clawforge.change_control.owner_precedence import overruled

    before = _lines(placed.text)[: placed.start]
    lost = [] if forge is Forge.GITLAB else overruled(before, ours)
    remarks = [
        f"In {name} ours win over line {line.number + 1} ({line.pattern}): of files that both mean its owners are not "
        "asked. Move it behind ours, with our owners added, if both may agree."
        for line in lost
    ]
    if placed.followed:
        remarks.append(
            f"In {name} lines follow ours, and may win over them: move them before it, or add our owners to them."
        )
    return remarks


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")
