"""`kind: Reconciler`: the configuration of `clawforge reconcile`. It is read from the reconciler's own machine, never
from a repository: who can push must not choose where policy goes, or whose commits count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from clawforge.diagnostic import Diagnostic, Location, has_errors
from clawforge.errors import ClawforgeError
from clawforge.load.files import Files
from clawforge.load.project_file import ServerUrl
from clawforge.load.resource import parse_model
from clawforge.load.yaml import compose
from clawforge.reconcile.hook_settings import HookSettings
from clawforge.reconcile.listen_settings import ListenText
from clawforge.reconcile.notify_settings import Routes
from clawforge.reconcile.source_settings import Repository, Trust
from clawforge.resource.meta import Duration, Name, Strict
from clawforge.resource.targeting import Schedule
from clawforge.secret_ref import SecretRef

DEFAULT_INTERVAL = 60
SHORTEST_INTERVAL = 5
LONGEST_INTERVAL = 86_400

_Folder = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f]+$")]


class SourceSettings(Strict):
    """One branch, and the org that is kept equal to it."""

    name: Name
    """What the source is called in conditions, and in `clawforge reconcilers`."""
    org: Name
    """The org that is kept equal to the files; a project that speaks for another one is refused."""
    source: Name | None = None
    """The ownership scope that the project must declare; left out, the name of the source."""
    repository: Repository
    """The repository, its branch and the folder of the project."""
    environment: Name | None = None
    """The entry of `environments` in clawforge.yaml that the project is read as; its org counts then."""
    interval: Annotated[Duration, Field(ge=SHORTEST_INTERVAL, le=LONGEST_INTERVAL)] = DEFAULT_INTERVAL
    """How often is looked for a new commit, and for changes past git."""
    trust: Trust
    """Whose commits count."""
    prune: bool = True
    """Whether what left the files is deleted; otherwise it stays, and the condition `Planned` says how much."""
    sync_windows: Schedule | None = None
    """When changes are applied; left out, always."""
    webhook: HookSettings | None = None
    """The webhook that makes it look at once."""
    notify: Routes = ()
    """Who is told of what happens."""
    token: SecretRef | None = None
    """The credential for the control plane; left out, that of the reconciler."""

    @property
    def scope(self) -> str:
        """The ownership scope."""
        return self.source or self.name


def _names_once(sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two sources are called {twice!r}: give each its own name")
    owners = [(source.org, source.scope) for source in sources]
    shared = next((owner for owner in owners if owners.count(owner) > 1), None)
    if shared is not None:
        raise ValueError(
            f"two sources own {shared[1]!r} in the org {shared[0]!r}, and would undo one another's changes"
        )
    return sources


class ReconcilerFile(Strict):
    """The configuration of a reconciler. Relative paths start at the folder of the file."""

    api_version: Literal["clawforge/v1"]
    """The version of this vocabulary."""
    kind: Literal["Reconciler"]
    """What the document is."""
    server: ServerUrl
    """The address of the control plane."""
    token: SecretRef | None = None
    """The credential for the control plane; left out, that of the environment."""
    state: _Folder
    """A folder for the mirrors of the repositories; it can be lost, and is made again."""
    listen: ListenText | None = None
    """Where webhooks, health checks and scrapes are answered; left out, nowhere."""
    sources: Annotated[tuple[SourceSettings, ...], Field(min_length=1, max_length=256), AfterValidator(_names_once)]
    """What is kept equal to what."""

    @model_validator(mode="after")
    def _is_heard(self) -> ReconcilerFile:
        deaf = next((source.name for source in self.sources if source.webhook is not None), None)
        if self.listen is None and deaf is not None:
            raise ValueError(f"the webhook of {deaf!r} is heard nowhere: say where with `listen`")
        return self


class ReconcilerFileError(ClawforgeError):
    """The configuration cannot be used; `problems` say why, each at its place."""

    code = "findings"

    def __init__(self, message: str, problems: tuple[Diagnostic, ...]) -> None:
        super().__init__(message, hint="docs/how-to/reconcile-from-git.md shows a whole one.")
        self.problems = problems


def read_reconciler_file(path: Path) -> ReconcilerFile:
    """The configuration in a file. Raises ReconcilerFileError with every problem at its line and column."""
    name = str(path)
    data = Files(path.parent).read(path.name)
    if isinstance(data, Diagnostic):
        raise _unusable(path, (Diagnostic(data.code, data.message, Location(name), data.hint),))
    documents, problems = compose(data, file=name)
    if has_errors(problems):
        raise _unusable(path, tuple(problems))
    if len(documents) != 1:
        message = f"The file holds {len(documents)} documents; it must be exactly one."
        raise _unusable(path, (Diagnostic("project-file", message, Location(name, 1, 1)),))
    document = documents[0]
    parsed = parse_model(ReconcilerFile, document.value)
    if isinstance(parsed, list):
        found = []
        for problem in parsed:
            find = document.location if problem.on_key else document.value_location
            found.append(Diagnostic(problem.code, problem.message, find(problem.pointer), problem.hint))
        raise _unusable(path, tuple(sorted(found, key=lambda item: item.sort_key)))
    return parsed


def _unusable(path: Path, problems: tuple[Diagnostic, ...]) -> ReconcilerFileError:
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ReconcilerFileError(f"{os.fspath(path)} has {count}.", problems)
