"""Where a change of the files goes: into the files, onto a branch of the local repository, or into a patch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge_cli.gitops.commit_message import CommitMessage

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText


@dataclass(frozen=True, slots=True)
class Destination:
    """What was asked for: a branch, a patch, or neither, which means the files themselves."""

    branch: str | None = None
    patch: Path | None = None
    author: str | None = None
    sign: bool = False

    @classmethod
    def asked(cls, branch: str | None, patch: Path | None, author: str | None, *, sign: bool) -> Destination:
        """Raises InputError for options that mean nothing together."""
        if branch is not None and patch is not None:
            raise InputError("A change goes to a branch or into a patch, not both.")
        if sign and branch is None:
            raise InputError("--sign is for a commit.", hint="Name its branch with --branch; a patch has no signature.")
        if author is not None and branch is None and patch is None:
            raise InputError("--author is for a commit or a patch.", hint="Ask for one with --branch or --patch.")
        return cls(branch, patch, author, sign)

    @property
    def is_git(self) -> bool:
        """Whether the files are to stay as they are."""
        return self.branch is not None or self.patch is not None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of a change. All is None where the files were written, or nothing was to be changed."""

    branch: str | None = None
    commit: str | None = None
    parent: str | None = None
    patch: Path | None = None
    keeps_cr: bool = False
    """Whether the patch has Windows line ends, which `git am` drops unless it is told."""

    @property
    def is_git(self) -> bool:
        """Whether a branch or a patch has it."""
        return self.branch is not None or self.patch is not None


IN_FILES = Destination()
IN_NO_PROPOSAL = Proposed()


@dataclass(frozen=True, slots=True)
class PreparedChange:
    """A change that was checked and stands nowhere yet."""

    publish: Callable[[], None] = field(repr=False)
    """Puts it where it goes. Raises ConflictError for what changed meanwhile, ClawforgeError for what cannot be
    written."""
    proposed: Proposed


def prepare(
    root: Path, files: Sequence[ChangedText], message: CommitMessage, destination: Destination, now: dt.datetime
) -> PreparedChange:
    """Make a change of a project ready, so that hardly anything can go wrong when it is published.

    Raises InputError and ConflictError as `gitops.commit_writing.prepare_commit`, also for a commit whose files would
    not be a sound project by themselves.
    """
    changed = tuple(files)
    if not changed:
        return PreparedChange(lambda: None, IN_NO_PROPOSAL)
    if destination.branch is not None:
        return _on_branch(root, changed, message, destination, destination.branch, now)
    if destination.patch is not None:
        return _as_patch(root, changed, message, destination, destination.patch, now)
    from clawforge_cli.changed_texts import write_texts

    return PreparedChange(lambda: write_texts(root, changed), IN_NO_PROPOSAL)


def propose(
    root: Path, files: Sequence[ChangedText], message: CommitMessage, destination: Destination, now: dt.datetime
) -> Proposed:
    """As `prepare`, and at once."""
    prepared = prepare(root, files, message, destination, now)
    prepared.publish()
    return prepared.proposed


def _on_branch(
    root: Path,
    files: Sequence[ChangedText],
    message: CommitMessage,
    destination: Destination,
    branch: str,
    now: dt.datetime,
) -> PreparedChange:
    from clawforge_cli.gitops.commit_writing import Authorship, prepare_commit

    authorship = Authorship.here(root, now, author=destination.author, sign=destination.sign)
    commit = prepare_commit(root, files, message, authorship, branch=branch)
    _require_sound(root, commit.id)
    return PreparedChange(commit.publish, Proposed(branch=branch, commit=commit.id, parent=commit.parent))


def _as_patch(
    root: Path,
    files: Sequence[ChangedText],
    message: CommitMessage,
    destination: Destination,
    path: Path,
    now: dt.datetime,
) -> PreparedChange:
    from clawforge_cli.gitops.commit_writing import Authorship, head, make_commit
    from clawforge_cli.gitops.patch_writing import objects_aside, patch_of, write_patch
    from clawforge_cli.gitops.plumbing import Plumbing

    authorship = Authorship.here(root, now, author=destination.author, sign=None)
    plumbing = Plumbing.around(root)
    parent = head(plumbing)
    with objects_aside(plumbing) as store:
        commit = make_commit(plumbing, parent, files, message, authorship, store)
        _require_sound(root, commit, store)
        patch = patch_of(plumbing, commit, store)
    proposed = Proposed(parent=parent, patch=path, keeps_cr=b"\r\n" in patch)
    return PreparedChange(lambda: write_patch(path, patch), proposed)


def _require_sound(root: Path, commit: str, store: Mapping[str, str] | None = None) -> None:
    """The change was worked out on the files as they lie there; the commit may lack some of them."""
    from clawforge.load.project import load_project
    from clawforge_cli.gitops.committed_files import CommittedFiles
    from clawforge_cli.gitops.objects import NoObjectsError, open_objects

    try:
        with open_objects(root, store) as objects:
            folder = objects.project_tree(objects.commit(bytes.fromhex(commit)).tree)
            found = (
                () if folder is None else load_project(root, files=CommittedFiles(root, objects, folder)).diagnostics
            )
    except NoObjectsError as error:
        raise InputError(f"The commit cannot be read back: {error}.") from error
    errors = [item for item in found if item.severity.value == "error"]
    if folder is None or errors:
        why = f": {errors[0].location}: {errors[0].message}" if errors else "."
        raise InputError(
            f"By itself the commit would be no sound project{why}",
            hint="Files that are not committed are no part of it. Commit them first.",
            code="unsound-commit",
        )
