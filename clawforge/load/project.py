"""A project directory becomes resources with their places in the files, and everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clawforge.decide.dlp.credentials import may_hold_credential
from clawforge.diagnostic import Diagnostic, Location, Severity, has_errors
from clawforge.errors import InputError
from clawforge.load.comment import Comment, comments_of
from clawforge.load.document import Document
from clawforge.load.files import Files, Intended
from clawforge.load.foreign import looks_foreign, with_way_out
from clawforge.load.limits import DEFAULT_LIMITS, Limits
from clawforge.load.loaded import LoadedResource
from clawforge.load.pointer import PointerTree
from clawforge.load.problem_list import shown
from clawforge.load.project_file import ProjectFile, readable_globs
from clawforge.load.resource import FieldProblem, parse_model, parse_resource, written_address
from clawforge.load.tree import DEFAULT_TREE_LIMITS, PROJECT_FILE, Globs, TreeLimits
from clawforge.load.yaml import compose
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Resource

__all__ = ["LoadedResource", "Project", "ProjectFile", "load_project", "project_paths", "read_project_file"]

_NEW_FILE_HINT = f"Create {PROJECT_FILE} with apiVersion: clawforge/v1, kind: Project, org and source."
# Comments that matter are few: a file that cannot hold one is not scanned for comments.
_REMARK = re.compile(rb"#[ \t]*clawforge[ \t]*:")
_UTF8_BOM = b"\xef\xbb\xbf"
_WRITTEN_NAME = re.compile(rb"\bname[\"']?\s*:\s*[\"']?([a-z0-9][a-z0-9-]{0,62})")


@dataclass(frozen=True)
class Project:
    """What a directory says. `resources` are those without problems, sorted by address.

    `declared` and `document` are the project file, None if it is missing or has problems.
    `unusable` holds the addresses of resources that exist but have problems, with `*/name` where a document could not
    be read so far as to know its kind: references to them are not reported a second time.
    `remarks` are the comments that start with `clawforge:`, by file and line, of files without errors of syntax.
    `comments` are all of the files in which a word of a credential occurs (`clawforge.decide.dlp.credentials`).
    `files` are those that the globs take in, project-relative and without the project file.
    """

    root: Path
    declared: ProjectFile | None
    resources: tuple[LoadedResource, ...]
    diagnostics: tuple[Diagnostic, ...]
    unusable: frozenset[str] = frozenset()
    document: Document | None = None
    remarks: tuple[Comment, ...] = ()
    files: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()

    def file_location(self, pointer: str = "") -> Location:
        """Where a field of the project file was written."""
        return self.document.location(pointer) if self.document else Location(PROJECT_FILE)

    @property
    def file(self) -> ProjectFile:
        """The project file. Raises InputError if it is missing or has problems, which are among `diagnostics`."""
        if self.declared is None:
            raise InputError(f"{PROJECT_FILE} is missing or has problems.", hint="Run `clawforge lint` to see them.")
        return self.declared

    @cached_property
    def by_address(self) -> Mapping[str, LoadedResource]:
        """The resources by `Kind/name`."""
        return {loaded.address: loaded for loaded in self.resources}

    @cached_property
    def positions(self) -> dict[str, ResourcePosition]:
        """Where every resource stands, by address."""
        return {loaded.address: loaded.position() for loaded in self.resources}

    @property
    def values(self) -> tuple[Resource, ...]:
        """The resources without their places."""
        return tuple(loaded.resource for loaded in self.resources)


def load_project(
    root: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    tree_limits: TreeLimits = DEFAULT_TREE_LIMITS,
    files: Files | None = None,
) -> Project:
    """Read every file of a project. All problems of all files are found in one run and become diagnostics, sorted by
    place; a resource that has any is left out. `files` reads below `root` and has limits of its own.
    Raises InputError only if `root` is no directory; for `Intended` files it need not be there yet.
    """
    if not root.is_dir() and not isinstance(files, Intended):
        what = "is not a directory" if root.exists() else "does not exist"
        raise InputError(f"{root} {what}.", hint="Give the directory that holds clawforge.yaml.")
    loading = _Loading(files or Files(root, limits=limits, tree_limits=tree_limits))
    loading.read_project_file()
    if loading.project_file_exists:
        loading.read_resources()
    resources = sorted(loading.resources.values(), key=lambda loaded: loaded.address)
    diagnostics = sorted(loading.diagnostics, key=lambda item: item.sort_key)
    unusable = frozenset(loading.unusable)
    remarks = tuple(sorted(loading.remarks))
    return Project(
        root,
        loading.declared,
        tuple(resources),
        tuple(diagnostics),
        unusable,
        loading.document,
        remarks,
        tuple(loading.files),
        tuple(sorted(loading.comments)),
    )


def read_project_file(root: Path, *, limits: Limits = DEFAULT_LIMITS, files: Files | None = None) -> ProjectFile | None:
    """The project file alone; None if it is missing or has problems, which `load_project` explains. `files` reads below
    `root` and has limits of its own."""
    loading = _Loading(files or Files(root, limits=limits))
    loading.read_project_file()
    return loading.declared


def project_paths(root: Path) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The files of a project, project-relative and the project file first, and the problems met in finding them.

    If the project file has problems, it alone is answered: nobody knows then which files it means to leave out.
    """
    loading = _Loading(Files(root))
    loading.read_project_file()
    if not loading.project_file_exists:
        return (), tuple(loading.diagnostics)
    files = loading.find_files() if loading.declared is not None else []
    return (PROJECT_FILE, *files), tuple(sorted(loading.diagnostics, key=lambda item: item.sort_key))


class _Loading:
    """One run over one project."""

    def __init__(self, files: Files) -> None:
        self.declared: ProjectFile | None = None
        self.document: Document | None = None
        self.project_file_exists = True
        self.resources: dict[str, LoadedResource] = {}
        self.diagnostics: list[Diagnostic] = []
        self.unusable: set[str] = set()
        self.remarks: list[Comment] = []
        self.comments: list[Comment] = []
        self.files: list[str] = []
        self._files = files
        self._pointers = PointerTree()
        self._globs: tuple[tuple[str, ...] | None, tuple[str, ...]] = (None, ())
        self._places: dict[str, Location] = {}
        self._bytes = 0
        self._foreign = False

    def read_project_file(self) -> None:
        """`declared` stays None if the file has problems; its globs are used as far as they can be read."""
        if not self._files.has(PROJECT_FILE):
            self.project_file_exists = False
            root = self._files.root
            named = "This directory" if root == Path() else shown(str(root))
            message = f"{named} is no project: it has no {PROJECT_FILE}."
            self._add("no-project-file", message, Location(PROJECT_FILE), _NEW_FILE_HINT)
            return
        documents = self._compose(PROJECT_FILE)
        if documents is None or has_errors(self.diagnostics):
            return
        if len(documents) != 1:
            message = f"The project file holds {len(documents)} documents; it must be exactly one."
            at = documents[1].location() if documents else Location(PROJECT_FILE, 1, 1)
            self._add("project-file", message, at, _NEW_FILE_HINT if not documents else "Remove the others.")
            return
        self.document = documents[0]
        parsed = parse_model(ProjectFile, documents[0].value)
        if isinstance(parsed, ProjectFile):
            self.declared = parsed
            self._globs = (parsed.include, parsed.exclude)
        else:
            self._add_problems(documents[0], parsed)
            bad = frozenset(problem.pointer for problem in parsed)
            self._globs = readable_globs(documents[0].value, bad)

    def find_files(self) -> list[str]:
        """The files that the globs take in."""
        include, exclude = self._globs
        tree = self._files.find(Globs.compile(include, exclude))
        self.diagnostics += tree.problems
        if include is not None and self.document is not None:
            for index in sorted(set(range(len(include))) - tree.matched):
                message = f"`{include[index]}` takes in no file."
                hint = "Check the spelling; only files whose names end in .yaml or .yml are taken in."
                place = self.document.value_location(f"/include/{index}")
                self._add("include-matches-nothing", message, place, hint, Severity.WARNING)
        return tree.files

    def read_resources(self) -> None:
        """Every resource of every file."""
        self.files = self.find_files()
        for path in self.files:
            most = self._files.tree_limits.max_bytes
            if self._bytes > most:
                message = f"The files of the project have more than {most:,} bytes."
                hint = "Narrow the project with `include` or `exclude` in clawforge.yaml."
                self._add("project-too-large", message, Location(path, 1, 1), hint)
                break
            known = len(self.diagnostics)
            for document in self._compose(path) or ():
                self._parse(document)
            if self._foreign:
                self.diagnostics[known:] = with_way_out(self.diagnostics[known:])

    def _compose(self, path: str) -> list[Document] | None:
        data = self._files.read(path)
        if isinstance(data, Diagnostic):
            self.diagnostics.append(data)
            return None
        self._bytes += len(data)
        self._foreign = path != PROJECT_FILE and looks_foreign(data)
        documents, problems = compose(data, file=path, limits=self._files.limits, pointers=self._pointers)
        if problems:
            self.diagnostics += problems
            if has_errors(problems):
                self.unusable.update(f"*/{name.decode()}" for name in _WRITTEN_NAME.findall(data))
                return documents
        self._read_comments(data, path)
        return documents

    def _read_comments(self, data: bytes, path: str) -> None:
        remarks, telling = _REMARK.search(data), b"#" in data and may_hold_credential(data)
        if not remarks and not telling:
            return
        comments = comments_of(data.removeprefix(_UTF8_BOM).decode("utf-8"), file=path)
        self.remarks += [comment for comment in comments if _REMARK.match(b"#" + comment.text.encode())]
        self.comments += comments if telling else ()

    def _parse(self, document: Document) -> None:
        parsed = parse_resource(document.value)
        address = written_address(document.value) if isinstance(parsed, list) else parsed.address
        if isinstance(parsed, list):
            self._add_problems(document, parsed)
            if address is not None:
                self.unusable.add(address)
        if address is None or not self._is_first(address, document):
            return
        if not isinstance(parsed, list):
            self.resources[address] = LoadedResource(parsed, document)

    def _is_first(self, address: str, document: Document) -> bool:
        first = self._places.get(address)
        if first is None:
            self._places[address] = document.location()
            return True
        message = f"{address} is already declared in {first.file}, line {first.line}."
        hint = "Names are unique within a kind: rename one of them, or merge the two."
        self._add("duplicate-resource", message, document.value_location("/metadata/name"), hint)
        return False

    def _add_problems(self, document: Document, problems: Iterable[FieldProblem]) -> None:
        for problem in problems:
            find = document.location if problem.on_key else document.value_location
            self._add(problem.code, problem.message, find(problem.pointer), problem.hint)

    def _add(self, code: str, message: str, location: Location, hint: str, severity: Severity = Severity.ERROR) -> None:
        self.diagnostics.append(Diagnostic(code, message, location, hint, severity))
