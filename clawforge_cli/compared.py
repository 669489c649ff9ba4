"""What the files are held against where no control plane is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from clawforge.load.project import Project
    from clawforge.position import ResourcePosition
    from clawforge.resource.meta import Resource


@dataclass(frozen=True, slots=True)
class Compared:
    """The resources of one source of an org, and where they stand; `name` says to people what it is."""

    org: str
    source: str
    values: Sequence[Resource]
    positions: Mapping[str, ResourcePosition]
    name: str

    @classmethod
    def of_project(cls, project: Project, path: Path) -> Compared:
        """The files of another directory, which was called `path`."""
        file = project.file
        return cls(file.org, file.source, tuple(project.values), dict(project.positions), f"the files in {path}")
