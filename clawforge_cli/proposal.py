"""From a project directory to what is sent to the control plane."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.plan_scope import PlanScope
from clawforge.wire import PlanRequest, Rename, Vouched

if TYPE_CHECKING:
    from clawforge.load.project_file import ProjectFile
    from clawforge_cli.manifest import Manifest


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What of the files is planned, what may be taken from other sources, why, and what a pipeline vouches for."""

    scope: PlanScope = field(default_factory=PlanScope)
    taken: tuple[str, ...] = ()
    reason: str | None = None
    vouched: Vouched | None = None

    @property
    def shapes_a_plan(self) -> bool:
        """Whether anything is said that only a plan yet to be made can heed."""
        return replace(self, reason=None) != EVERYTHING

    def said_with(self, reason: str | None, vouched: Path | None) -> PlanOptions:
        """The same with a reason, and with what a file vouches for. Raises InputError."""
        from clawforge_cli.reasons import said
        from clawforge_cli.vouched_file import read_vouched

        return replace(self, reason=said(reason), vouched=None if vouched is None else read_vouched(vouched))

    @classmethod
    def parse(
        cls,
        targets: Iterable[str] | None,
        exclude: Iterable[str] | None,
        labels: Iterable[str] | None,
        taken: Iterable[str] | None,
    ) -> PlanOptions:
        """From what was typed. Raises InputError."""
        from pydantic import TypeAdapter, ValidationError

        from clawforge.errors import InputError
        from clawforge.plan_scope import AddressPatterns

        chosen = tuple(taken or ())
        try:
            TypeAdapter(AddressPatterns).validate_python(chosen)
            scope = PlanScope(
                targets=tuple(targets or ()), exclude=tuple(exclude or ()), labels=dict(map(_label, labels or ()))
            )
        except ValidationError as error:
            bad = error.errors()[0]["input"]
            raise InputError(
                f"{bad!r} is no address.",
                hint="Name a resource as Kind/name, such as Policy/sre, or many as Policy/team-*.",
            ) from error
        return cls(scope, chosen)


EVERYTHING = PlanOptions()


def plan_request(manifest: Manifest, options: PlanOptions = EVERYTHING) -> PlanRequest:
    """All that is said beside what the manifest declares: what of it is planned, and the commit it comes from."""
    from clawforge_cli.gitops.local import head_commit

    file = manifest.file
    commit = head_commit(manifest.root, manifest.paths)
    return PlanRequest(
        source=file.source,
        resources=(),
        commit=commit.id if commit else None,
        commit_author=commit.author if commit else None,
        dirty=commit.dirty if commit else False,
        scope=options.scope,
        moved=tuple(Rename(from_=move.from_, to=move.to) for move in file.moved),
        forgotten=forgotten(file),
        take_ownership=options.taken,
        reason=options.reason,
        vouched=options.vouched,
    )


def forgotten(file: ProjectFile) -> tuple[str, ...]:
    """Addresses of the resources that the project lets go of."""
    from clawforge.load.project_file import RemovalAction

    return tuple(item.from_ for item in file.removed if item.action is RemovalAction.FORGET)


def _label(text: str) -> tuple[str, str]:
    from clawforge.errors import InputError

    key, equals, value = text.partition("=")
    if not key or not equals:
        raise InputError(f"{text!r} is no label.", hint="Write it as --select team=payments.")
    return key, value
