"""From a commit to what it declares, if nothing is wrong with it and it speaks for whom the reconciler was told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Location
from clawforge.load.tree import PROJECT_FILE
from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.step_error import StepError
from clawforge_cli.manifest import Manifest

if TYPE_CHECKING:
    from clawforge.load.project_file import ProjectFile
    from clawforge_cli.gitops.committed_files import CommittedFiles
    from clawforge_cli.manifest_memory import ManifestMemory


@dataclass(frozen=True, slots=True)
class Expected:
    """What the reconciler's own configuration says about a project; no commit changes it. `path` is the project's
    folder in the repository."""

    org: str
    source: str
    environment: str | None = None
    path: str = ""


def checked_commit(
    files: CommittedFiles, expected: Expected, now: dt.datetime, memory: ManifestMemory | None = None
) -> Manifest:
    """What a commit declares. Raises StepError, which is stalled, with everything that is wrong at its place in the
    repository; also for a project of another org or source than the expected ones. Files that `memory` has read before
    are not parsed again."""
    known = None if memory is None else memory.manifest(now, files, lambda file: _checked(file, expected))
    if known is not None:
        return known
    from clawforge.lint.engine import obstacles
    from clawforge.load.project import load_project

    project = load_project(files.root, files=files)
    if project.declared is not None:
        project = dataclasses.replace(project, declared=_checked(project.declared, expected))
    errors = obstacles(project, now=now)
    if errors:
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        raise StepError(
            ConditionType.PLANNED,
            "findings",
            f"The files of the commit have {count}.",
            hint="Push a commit that mends them; `clawforge lint` shows every problem.",
            findings=[placed(item, expected.path) for item in errors],
        )
    return Manifest.of(project)


def placed(problem: Diagnostic, path: str) -> Diagnostic:
    """The problem with its file as the repository names it."""
    location = problem.location
    return dataclasses.replace(problem, location=location._replace(file=posixpath.join(path, location.file)))


def _checked(file: ProjectFile, expected: Expected) -> ProjectFile:
    """The project file as it counts in the environment. Raises StepError."""
    org = file.org
    if expected.environment is not None:
        environment = file.environments.get(expected.environment)
        if environment is None:
            known = ", ".join(sorted(file.environments)) or "none"
            raise _refused(
                "environment-unknown",
                f"The project declares no environment {expected.environment}; it has {known}.",
                "Add it to `environments` in clawforge.yaml, or correct `environment` of the reconciler.",
                expected,
            )
        org = environment.org or org
    if org != expected.org:
        raise _refused(
            "org-mismatch",
            f"The project speaks for the org {org}, and the reconciler works for {expected.org}.",
            "A commit does not choose the org: correct `org` in clawforge.yaml, or that of the reconciler.",
            expected,
        )
    if file.source != expected.source:
        raise _refused(
            "source-mismatch",
            f"The project is the source {file.source}, and the reconciler works for {expected.source}.",
            "A commit does not choose what it owns: correct `source` in clawforge.yaml, or that of the reconciler.",
            expected,
        )
    return file.model_copy(update={"org": org})


def _refused(code: str, message: str, hint: str, expected: Expected) -> StepError:
    place = Location(posixpath.join(expected.path, PROJECT_FILE))
    found = Diagnostic(code, message, place)
    told = "The project file of the commit is not used."
    return StepError(ConditionType.PLANNED, code, told, hint=hint, findings=[found])
