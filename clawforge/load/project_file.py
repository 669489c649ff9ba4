"""`clawforge.yaml`: the org that a project speaks for, its ownership scope, and which files belong to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from clawforge.load.glob import Globs
from clawforge.load.lint_settings import LintSettings
from clawforge.resource.meta import Name, Ref, Strict
from clawforge.resource.registry import BY_KIND


def _address(text: str) -> str:
    ref = Ref.parse(text)
    if ref.kind not in BY_KIND:
        raise ValueError(f"{text!r} names no kind that exists: use one of {', '.join(BY_KIND)}")
    return text


Address = Annotated[str, StringConstraints(max_length=128), AfterValidator(_address)]
ServerUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$", max_length=512)]


class Environment(Strict):
    """A place that the same files are applied to; what is left out is as in the project."""

    server: ServerUrl | None = None
    """The address of its control plane."""
    org: Name | None = None
    """Its org."""


class Move(Strict):
    """A resource that got another name: its history goes with it."""

    from_: Address = Field(alias="from")
    """The address that the resource had."""
    to: Address
    """The address that it has now."""

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
    """The address that the resource had."""
    action: RemovalAction = RemovalAction.DELETE
    """Whether it goes from the server too."""


class ProjectFile(Strict):
    """The project. `source` names the ownership scope: `apply` deletes only what an earlier apply of it created."""

    api_version: Literal["clawforge/v1"]
    """The version of this vocabulary."""
    kind: Literal["Project"]
    """What the document is."""
    org: Name
    """The org that the files speak for."""
    source: Name
    """The ownership scope: an apply deletes only what an earlier apply of the same source created."""
    server: ServerUrl | None = None
    """The address of the control plane; `--server` and `CLAWFORGE_SERVER` win over it."""
    include: Globs | None = None
    """Globs of the files that belong to the project; left out, every `.yaml` and `.yml` outside dot folders."""
    exclude: Globs = ()
    """Globs of files that do not belong to it, whatever `include` says."""
    environments: dict[Name, Environment] = {}
    """Other places that the same files are applied to, by name."""
    lint: LintSettings = LintSettings()
    """Settings of `clawforge lint`."""
    moved: tuple[Move, ...] = ()
    """Resources that got another name."""
    removed: tuple[Removal, ...] = ()
    """Resources that left the files on purpose."""


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
