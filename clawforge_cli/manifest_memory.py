"""Remembers what each document of a project declared, so that files that stayed as they were are not parsed again.

A document is found by its file and its bytes, wherever in the file it stands; the program itself is a part of the
name under which everything is kept. Whatever is out of the ordinary (a problem, an error that lint finds, two resources
with one address, levels that the project sets for rules, a word of a credential) is nothing to be remembered: then
there is no manifest here, and the files are loaded and checked as a whole, which also says what is wrong with them. So
nothing leaves the machine that lint would have kept there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from clawforge.decide.dlp.credentials import may_hold_credential
from clawforge.load.document import Document
from clawforge.load.files import Files
from clawforge.load.loaded import LoadedResource
from clawforge.load.pointer import PointerTree
from clawforge.load.project import read_project_file
from clawforge.load.resource import parse_resource
from clawforge.load.tree import PROJECT_FILE, Globs
from clawforge.load.yaml import compose
from clawforge.resource.registry import BY_KIND
from clawforge_cli.cache import Cache, CacheLimits
from clawforge_cli.manifest import Declared, Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from clawforge.load.project_file import ProjectFile
    from clawforge.resource.meta import Resource

_MIB = 1024 * 1024
LIMITS = CacheLimits(max_entries=32, max_entry=64 * _MIB, max_bytes=256 * _MIB)
"""A project is one entry: half a kilobyte for each resource."""

# At the start of a line this ends a document wherever it stands, in a block of text too (YAML 1.2, 9.1.2).
_MARK = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


class _NotRememberedError(Exception):
    """The files are out of the ordinary."""


class _Piece(NamedTuple):
    """A part of a file that holds whole documents, and how many lines stand before it."""

    before: int
    data: bytes


class _Known(NamedTuple):
    """What a piece declares that stands behind so many lines, and how many values and documents it holds."""

    declared: tuple[Declared, ...]
    before: int
    values: int
    documents: int

    def behind(self, lines: int) -> _Known:
        """The same piece behind so many lines."""
        if lines == self.before:
            return self
        declared = tuple(item.moved(lines - self.before) for item in self.declared)
        return self._replace(declared=declared, before=lines)


class ManifestMemory:
    """What one directory declared when it was read last. `build` names the program."""

    def __init__(self, cache: Cache, build: str, root: Path) -> None:
        self._cache = cache
        self._root = root
        self._name = hashlib.sha256(f"manifest\n{build}\n{root.resolve()}".encode()).hexdigest()
        self._known = _decoded(cache.get(self._name))
        self._used: dict[str, _Known] = {}
        self._resources: dict[str, Resource] = {}
        self._pointers = PointerTree()

    def manifest(self, now: dt.datetime) -> Manifest | None:
        """What the files declare now, if they have no errors; None if that takes a closer look."""
        files = Files(self._root)
        declared = read_project_file(self._root)
        if declared is None or declared.lint.levels or self._is_telling(files.read(PROJECT_FILE)):
            return None
        if may_hold_credential(declared.model_dump_json(by_alias=True)):
            return None
        try:
            found = list(self._read(files, declared))
        except _NotRememberedError:
            return None
        resources = [item for _, items in found for item in items]
        if len({item.address for item in resources}) < len(resources):
            return None
        if self._used != self._known:
            self._cache.put(self._name, _encoded(self._used))
        paths = [path for path, items in found if items]
        manifest = Manifest.joined(self._root, declared, paths, resources)
        try:
            return manifest if self._is_sound(manifest, resources, now) else None
        except _NotRememberedError:
            return None

    def _is_sound(self, manifest: Manifest, resources: Iterable[Declared], now: dt.datetime) -> bool:
        """Whether lint has nothing against it that keeps it from being used. That is remembered where it does not
        depend on the time."""
        from clawforge.lint.engine import sound
        from clawforge.lint.moment import ALWAYS

        file = manifest.file
        parts = (self._name.encode(), file.model_dump_json().encode(), manifest.resources)
        name = hashlib.sha256(b"sound\n" + b"\n".join(parts)).hexdigest()
        if self._cache.get(name) is not None:
            return True
        values = [self._resources.get(item.resource) or _parsed(item) for item in resources]
        span = sound(values, org=file.org, now=now, conventions=file.lint.conventions)
        if span is None:
            return False
        if span == ALWAYS:
            self._cache.put(name, b"sound")
        return True

    def _read(self, files: Files, declared: ProjectFile) -> Iterator[tuple[str, list[Declared]]]:
        """Each file, and what it declares."""
        tree = files.find(Globs.compile(declared.include, declared.exclude))
        left = files.tree_limits.max_bytes
        if tree.problems:
            raise _NotRememberedError
        for path in tree.files:
            data = files.read(path)
            if not isinstance(data, bytes) or left < 0:
                raise _NotRememberedError
            left -= len(data)
            known = self._of_file(path, data, files)
            if (
                sum(item.values for item in known) > files.limits.max_nodes
                or sum(item.documents for item in known) > files.limits.max_documents
            ):
                raise _NotRememberedError
            yield path, [declared for item in known for declared in item.declared]

    def _of_file(self, path: str, data: bytes, files: Files) -> list[_Known]:
        pieces = _pieces(data)
        names = [_name_of(path, piece) for piece in pieces]
        unknown = [index for index, name in enumerate(names) if name not in self._known]
        if len(unknown) > len(pieces) // 2:
            found = dict(enumerate(self._look(path, data, files, pieces)))
        else:
            # Blank lines above keep the lines of the file; they cost the parser nothing.
            found = {
                index: self._look(path, b"\n" * pieces[index].before + pieces[index].data, files, [pieces[index]])[0]
                for index in unknown
            }
        known = [found.get(index) or self._known[name].behind(pieces[index].before) for index, name in enumerate(names)]
        self._used.update(zip(names, known, strict=True))
        return known

    def _look(self, path: str, data: bytes, files: Files, pieces: list[_Piece]) -> list[_Known]:
        """What the pieces declare, of a text that has them at their lines."""
        if self._is_telling(data):
            raise _NotRememberedError
        documents, problems = compose(data, file=path, limits=files.limits, pointers=self._pointers)
        if problems:
            raise _NotRememberedError
        ends = [after.before for _, after in pairwise(pieces)]
        found: list[list[Document]] = [[] for _ in pieces]
        at = 0
        for document in documents:
            while at < len(ends) and document.line > ends[at]:
                at += 1
            found[at].append(document)
        return [self._known_of(items, piece.before) for items, piece in zip(found, pieces, strict=True)]

    def _known_of(self, documents: Iterable[Document], before: int) -> _Known:
        declared, values, count = [], 0, 0
        for document in documents:
            resource = parse_resource(document.value)
            if isinstance(resource, list):
                raise _NotRememberedError
            declared.append(Declared.of(LoadedResource(resource, document)))
            if may_hold_credential(declared[-1].resource):
                # YAML can spell a text so that its words do not stand in the file.
                raise _NotRememberedError
            self._resources[declared[-1].resource] = resource
            values += len(document.value_positions)
            count += 1
        return _Known(tuple(declared), before, values, count)

    @staticmethod
    def _is_telling(data: object) -> bool:
        return not isinstance(data, bytes) or may_hold_credential(data)


def _pieces(data: bytes) -> list[_Piece]:
    starts = [0, *(match.start() for match in _MARK.finditer(data) if match.start()), len(data)]
    found, before = [], 0
    for start, end in pairwise(starts):
        piece = data[start:end]
        found.append(_Piece(before, piece))
        before += piece.count(b"\n")
    return found


def _name_of(path: str, piece: _Piece) -> str:
    return hashlib.sha256(b"%s\n%s" % (path.encode(), piece.data)).hexdigest()


def _parsed(declared: Declared) -> Resource:
    """The resource that was remembered in its canonical form."""
    kind = declared.address.partition("/")[0]
    try:
        return BY_KIND[kind].model_validate_json(declared.resource, strict=True, by_alias=True, by_name=False)
    except (KeyError, ValueError) as error:
        raise _NotRememberedError from error


def _encoded(known: dict[str, _Known]) -> bytes:
    import orjson

    return orjson.dumps({name: [*item[1:], *chain.from_iterable(item.declared)] for name, item in known.items()})


def _decoded(data: bytes | None) -> dict[str, _Known]:
    """Nothing for what is damaged: whoever wrote it was not this program, or it is not the whole."""
    import orjson

    try:
        value: dict[str, list[Any]] = {} if data is None else orjson.loads(data)
        return {name: _decoded_one(item) for name, item in value.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _decoded_one(item: list[Any]) -> _Known:
    before, values, documents, *flat = item
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return _Known(tuple(Declared(*triple) for triple in triples), before, values, documents)
