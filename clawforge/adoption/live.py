"""Live resources taken into the files of a project: each as a further document, and nothing else changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from clawforge.adoption.places import place_of
from clawforge.adoption.project_text import SEPARATOR, resource_text
from clawforge.diagnostic import Diagnostic, has_errors
from clawforge.errors import InputError, NotFoundError
from clawforge.load.files import Files, Intended
from clawforge.load.glob import Glob, check_glob
from clawforge.load.project import Project, load_project
from clawforge.load.tree import PROJECT_FILE
from clawforge.resource.address import checked_address
from clawforge.resource.meta import Ref, Resource
from clawforge.resource.registry import resource_digest
from clawforge.spelling import nearest
from clawforge.state import UNOWNED


@dataclass(frozen=True, slots=True)
class LiveResource:
    """What the server holds, and the source that owns it."""

    resource: Resource
    source: str


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A file with what it held, None for one that is new."""

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class Adopted:
    """A resource, the file that it stands in now, and the source that owns it on the server."""

    address: str
    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is to be written, and what becomes of each resource. `already` stand in the files as they are on the
    server."""

    source: str
    files: tuple[ChangedText, ...]
    adopted: tuple[Adopted, ...]
    already: tuple[str, ...]

    @property
    def owned_elsewhere(self) -> tuple[Adopted, ...]:
        """What another source goes on owning: a plan leaves it alone as long as the file says what the server does.

        Taking it over is a decision of its own, which a plan makes and a reviewer sees.
        """
        return tuple(item for item in self.adopted if item.source not in (self.source, UNOWNED))

    @property
    def unowned(self) -> tuple[Adopted, ...]:
        """What belongs to nobody: the next apply takes it in."""
        return tuple(item for item in self.adopted if item.source == UNOWNED)


def adopt(
    project: Project, live: Mapping[str, LiveResource], addresses: Sequence[str], *, place: str | None = None
) -> Adoption:
    """The files of the project with these resources in them, proved by reading them back. `place` is a file for all.

    Raises NotFoundError for what the server does not hold, and InputError for what the files declare otherwise, for a
    `place` that is no file of the project, and where the project cannot be read.
    """
    if has_errors(project.diagnostics):
        raise InputError("The files have errors, so nothing is added to them.", hint="`clawforge lint` lists them.")
    wanted = [_live(live, checked_address(address)) for address in dict.fromkeys(addresses)]
    already = tuple(item.resource.address for item in wanted if _is_there(project, item.resource))
    writing = _Writing(project, place)
    missing = [item for item in wanted if item.resource.address not in already]
    adopted = tuple(
        Adopted(item.resource.address, writing.add(item.resource), item.source)
        for item in sorted(missing, key=lambda item: item.resource.address)
    )
    files = tuple(writing.files[path] for path in sorted(writing.files))
    _prove(project, files, [item.resource for item in missing])
    return Adoption(project.file.source, files, adopted, already)


def _live(live: Mapping[str, LiveResource], address: str) -> LiveResource:
    found = live.get(address)
    if found is None:
        guess = nearest(address, live)
        raise NotFoundError(
            f"The control plane holds no {address}.",
            hint=f"Did you mean {guess}?" if guess else "",
            code="unknown-resource",
        )
    return found


def _is_there(project: Project, resource: Resource) -> bool:
    written = project.by_address.get(resource.address)
    if written is None:
        return False
    if resource_digest(written.resource) == resource_digest(resource):
        return True
    place = written.document.location()
    raise InputError(
        f"{resource.address} stands in {place.file}, line {place.line}, and says something else there.",
        hint="`clawforge plan` shows the difference. Remove it from the file to take what the server holds.",
        code="declared-otherwise",
    )


class _Writing:
    """Files as they come to be, one resource after the other."""

    def __init__(self, project: Project, place: str | None) -> None:
        self.files: dict[str, ChangedText] = {}
        self._project = project
        self._disk = Files(project.root)
        self._include = project.file.include or ("**",)
        self._exclude = tuple(map(Glob.compile, project.file.exclude))
        self._place = None if place is None else self._checked(place)

    def add(self, resource: Resource) -> str:
        """The path that the resource went to."""
        path = self._place or self._chosen(resource)
        present = self.files.get(path) or self._read(path)
        held = present.after
        text = resource_text(resource)
        if held:
            text = ("" if held.endswith(b"\n") else "\n") + SEPARATOR + text
        data = text.replace("\n", "\r\n").encode() if b"\r\n" in held else text.encode()
        self.files[path] = ChangedText(path, present.before, held + data)
        return path

    def _read(self, path: str) -> ChangedText:
        if not self._disk.has(path):
            return ChangedText(path, None, b"")
        data = self._disk.read(path)
        if isinstance(data, Diagnostic):
            raise InputError(f"{path}: {data.message}", hint="Name another file with --file.")
        return ChangedText(path, data, data)

    def _chosen(self, resource: Resource) -> str:
        """Where the project keeps all resources of the kind, if that is one file, else the usual place."""
        ref = resource.ref
        usual = place_of(ref)
        files = {item.document.file for item in self._project.resources if item.resource.kind == ref.kind}
        if len(files) == 1 and place_of(Ref(ref.kind, "a")) == place_of(Ref(ref.kind, "b")):
            return files.pop()
        for folder in ("", *map(_fixed_folders, self._include)):
            if self._takes(folder + usual):
                return folder + usual
        raise InputError(
            f"The project takes in no file {usual}, where {resource.address} would go.",
            hint="Name one that its `include` takes in: --file PATH.",
        )

    def _checked(self, place: str) -> str:
        try:
            check_glob(place)
            if not place.endswith((".yaml", ".yml")) or place == PROJECT_FILE or set(place) & set("*?["):
                raise ValueError("it must be a .yaml file beside clawforge.yaml or below")
        except ValueError as error:
            raise InputError(f"{place!r} cannot be a file of resources: {error}.") from error
        if not self._takes(place):
            raise InputError(
                f"The project does not take in {place}.", hint="See `include` and `exclude` in clawforge.yaml."
            )
        return place

    def _takes(self, path: str) -> bool:
        include = map(Glob.compile, self._include)
        return any(glob.takes(path) for glob in include) and not any(glob.takes(path) for glob in self._exclude)


def _fixed_folders(glob: str) -> str:
    """The folders that a glob names without a wildcard."""
    folders = []
    for name in glob.split("/")[:-1]:
        if set(name) & set("*?["):
            break
        folders.append(f"{name}/")
    return "".join(folders)


def _prove(project: Project, files: Collection[ChangedText], adopted: Collection[Resource]) -> None:
    """Raise InputError unless the files then say what they said, and what was adopted besides."""
    texts = {item.path: item.after for item in files}
    after = load_project(project.root, files=Intended(project.root, texts))
    expected = {item.address: resource_digest(item) for item in (*project.values, *adopted)}
    found = {item.address: resource_digest(item) for item in after.values}
    if has_errors(after.diagnostics) or found != expected:
        errors = [item for item in after.diagnostics if item.severity.value == "error"]
        why = f": {errors[0].location.file}:{errors[0].location.line}: {errors[0].message}" if errors else "."
        raise InputError(
            f"The files cannot be added to in this way{why}", hint="Nothing was written. Name another file with --file."
        )
