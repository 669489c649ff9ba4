"""A verdict on a skill put into the files of a project, beside or in what stands there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText
    from clawforge.load.project import Project
    from clawforge.resource.skill_approval import SkillApproval
    from clawforge.skill.patch import SkillPatch, Values


def approvals_of(project: Project) -> tuple[SkillApproval, ...]:
    """The verdicts that the files hold."""
    from clawforge.resource.skill_approval import SkillApproval

    return tuple(item for item in project.values if isinstance(item, SkillApproval))


def patched(project: Project, patch: SkillPatch, *, place: str | None = None) -> tuple[ChangedText, ...]:
    """The files that change, proved by reading them back. `place` is the file that a new verdict goes to.

    Raises InputError where the files cannot be changed safely, and as `clawforge.adoption.live.adopt`.
    """
    if patch.added is not None:
        from clawforge.adoption.live import LiveResource, adopt

        address = patch.added.address
        live = {address: LiveResource(patch.added, project.file.source)}
        return adopt(project, live, [address], place=place).files
    return tuple(_changed(project, address, values) for address, values in patch.changed.items() if values)


def _changed(project: Project, address: str, values: Values) -> ChangedText:
    from clawforge.adoption.live import ChangedText
    from clawforge.diagnostic import has_errors
    from clawforge.layout.rewrite import put_values
    from clawforge.load.files import Intended
    from clawforge.load.project import load_project
    from clawforge.load.yaml import compose

    document = project.by_address[address].document
    before = _read(project.root / document.file)
    documents, _ = compose(before, file=document.file)
    places = [(each.line, each.col) for each in documents]
    place = (document.line, document.col)
    after = put_values(before, places.index(place), values, file=document.file) if place in places else None
    if after is not None and has_errors(
        load_project(project.root, files=Intended(project.root, {document.file: after})).diagnostics
    ):
        after = None
    if after is None:
        said = ", ".join(f"{path[-1]}: {text}" for path, text in values.items())
        raise InputError(
            f"{address} ({document.file}:{document.line}) is written in a way that is not changed safely.",
            hint=f"Write it there by hand: {said}.",
            code="not-written",
        )
    return ChangedText(document.file, before, after)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
