"""A run of a pipeline: what it is about, how far it may be trusted, and where its forge answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clawforge.secret import Secret


class Service(StrEnum):
    """What runs the pipeline."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    BUILDKITE = "buildkite"
    SHELL = "shell"


class Event(StrEnum):
    """What the pipeline runs for: a change that somebody proposes, the branch after a merge, or anything else."""

    CHANGE = "change"
    MERGE = "merge"
    OTHER = "other"


class ForgeKind(StrEnum):
    """The forges whose changes can be commented, and whose reviews can be asked for."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class ForgeAddress:
    """Where a forge answers about one repository, and with which token. `repository` is as its paths have it: `acme/
    policies` on GitHub, a number or a path on GitLab."""

    kind: ForgeKind
    api: str
    repository: str
    token: Secret


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One run.

    `ref` is the full name of what it runs on; `base` the commit that a change goes onto. `protected` says that nobody
    can push to the ref past its rules. `first` that it is no repetition of an earlier run, which may be for a commit of
    long ago. A `foreign` change comes from another repository: nothing secret is used for it,
    and no service is asked. `summary` and `outputs` are files that the service reads after the run.
    """

    service: Service
    event: Event
    commit: str | None = None
    ref: str | None = None
    base: str | None = None
    protected: bool = False
    first: bool = False
    change: int | None = None
    foreign: bool = False
    forge: ForgeAddress | None = None
    summary: Path | None = None
    outputs: Path | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says beside the environment, or where the environment says nothing."""

    event: Event | None = None
    change: int | None = None
    branch: str | None = None
    forge: ForgeKind | None = None
    api: str | None = None
    repository: str | None = None
    token: Secret | None = None
