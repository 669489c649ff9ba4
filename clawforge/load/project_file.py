"""`clawforge.yaml`: the org that a project speaks for, its ownership scope, and which files belong to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from clawforge.load.glob import check_glob
from clawforge.resource.meta import Name, Ref, Strict
from clawforge.resource.registry import BY_KIND


def _glob(text: str) -> str:
    check_glob(text)
    return text


def _address(text: str) -> str:
    ref = Ref.parse(text)
    if ref.kind not in BY_KIND:
        raise ValueError(f"{text!r} names no kind that exists: use one of {', '.join(BY_KIND)}")
    return text


GlobText = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_glob)]
Globs = Annotated[tuple[GlobText, ...], Field(max_length=256)]
Address = Annotated[str, StringConstraints(max_length=128), AfterValidator(_address)]
ServerUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", max_length=512)]


class LintLevel(StrEnum):
    """What a rule's findings count as."""

    OFF = "off"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class LintSettings(Strict):
    """Levels of lint rules by id. A rule that refuses the project by itself cannot be lowered."""

    levels: dict[Name, LintLevel] = {}


class Environment(Strict):
    """A place that the same files are applied to; what is left out is as in the project."""

    server: ServerUrl | None = None
    org: Name | None = None


class Move(Strict):
    """A resource that got another name: its history goes with it."""

    from_: Address = Field(alias="from")
    to: Address

    @model_validator(mode="after")
    def _same_kind(self) -> Move:
        if Ref.parse(self.from_).kind != Ref.parse(self.to).kind:
            raise ValueError("`to` must have the kind of `from`")
        if self.from_ == self.to:
            raise ValueError("`to` is the same as `from`")
        return self


class RemovalAction(StrEnum):
    """delete destroys it on the server; forget leaves it there and stops owning it."""

    DELETE = "delete"
    FORGET = "forget"


class Removal(Strict):
    """A resource that left the files on purpose."""

    from_: Address = Field(alias="from")
    action: RemovalAction = RemovalAction.DELETE


class ProjectFile(Strict):
    """The project. `source` names the ownership scope: `apply` deletes only what an earlier apply of it created."""

    api_version: Literal["clawforge/v1"]
    kind: Literal["Project"]
    org: Name
    source: Name
    server: ServerUrl | None = None
    include: Globs | None = None
    exclude: Globs = ()
    environments: dict[Name, Environment] = {}
    lint: LintSettings = LintSettings()
    moved: tuple[Move, ...] = ()
    removed: tuple[Removal, ...] = ()


def readable_globs(value: Any, bad_pointers: frozenset[str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """`include` and `exclude` of a project file that has problems elsewhere, so that its files can still be checked."""
    if not isinstance(value, dict):
        return None, ()

    def usable(name: str) -> tuple[str, ...] | None:
        items = value.get(name)
        if not isinstance(items, list) or any(pointer.startswith(f"/{name}") for pointer in bad_pointers):
            return None
        return tuple(items)

    return usable("include"), usable("exclude") or ()
