"""What the files of a project declare, in the form in which a control plane takes it.

It is JSON from the start: of ten thousand resources that are sent, hardly one is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from clawforge.canonical import canonical_bytes
from clawforge.resource.registry import canonical_resource

if TYPE_CHECKING:
    from clawforge.load.loaded import LoadedResource
    from clawforge.load.project import Project
    from clawforge.load.project_file import ProjectFile
    from clawforge.wire import PlanRequest


class Declared(NamedTuple):
    """One resource: its address, its canonical JSON, and the JSON of its position."""

    address: str
    resource: str
    position: str

    @classmethod
    def of(cls, loaded: LoadedResource) -> Declared:
        """What a loaded resource declares."""
        text = canonical_bytes(canonical_resource(loaded.resource)).decode()
        return cls(loaded.address, text, orjson.dumps(dict(loaded.position())).decode())

    def moved(self, lines: int) -> Declared:
        """The same, so many lines further down in its file."""
        position: dict[str, Any] = orjson.loads(self.position)
        position["line"] += lines
        position["fields"] = {pointer: line + lines for pointer, line in position["fields"].items()}
        return self._replace(position=orjson.dumps(position).decode())


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that a project declares. `paths` are its files with resources, relative to `root`; `resources` is a
    JSON array in the order of addresses, `positions` a JSON object by address."""

    root: Path
    file: ProjectFile
    paths: tuple[str, ...]
    resources: bytes
    positions: bytes

    @classmethod
    def of(cls, project: Project) -> Manifest:
        """What a project declares whose files were read."""
        paths = sorted({item.document.file for item in project.resources})
        return cls.joined(project.root, project.file, paths, map(Declared.of, project.resources))

    @classmethod
    def joined(cls, root: Path, file: ProjectFile, paths: Iterable[str], declared: Iterable[Declared]) -> Manifest:
        """The manifest of these resources, which have different addresses."""
        ordered = sorted(declared)
        resources = ",".join([item.resource for item in ordered])
        # An address holds no character that JSON would escape.
        positions = ",".join([f'"{item.address}":{item.position}' for item in ordered])
        return cls(root, file, tuple(paths), f"[{resources}]".encode(), f"{{{positions}}}".encode())

    def body(self, request: PlanRequest) -> bytes:
        """The JSON of a request for a plan of everything that is declared; what it holds of resources itself is left
        out."""
        rest = request.model_dump_json(by_alias=True, exclude={"resources", "positions"})
        return b'{"resources":%s,"positions":%s,%s' % (self.resources, self.positions, rest[1:].encode())
