"""The reconciler's own copy of one branch: a bare repository that only the git binary writes.

Nothing of the repository is ever checked out, and nothing that it says is run or configures anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clawforge.reconcile.source_settings import Repository
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.gitops.fetch_failure import exceeded, failure
from clawforge_cli.gitops.getting_in import Access, access
from clawforge_cli.gitops.git_process import Bounds, Done, ExceededError, Git, folder_size
from clawforge_cli.gitops.history import MOST_COMMITS, History, history
from clawforge_cli.gitops.mirror_folder import (
    HEAD_REF,
    forget,
    known_head,
    locked,
    make_folder,
    packs_of,
    restore,
    unusable,
)
from clawforge_cli.gitops.objects import NoObjectsError, open_bare
from clawforge_cli.gitops.source_error import FetchError

_ASK_SECONDS = 60.0
_READ_SECONDS = 300.0
_MOST_PACKS = 40
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """Where the branch is. `commit` is a full id."""

    commit: str
    fetched: bool
    """Whether something new was fetched."""


class Mirror:
    """One branch of one repository, in a directory of its own. All methods raise FetchError."""

    def __init__(self, directory: Path, repository: Repository) -> None:
        self.directory = directory
        self.repository = repository
        self._git = Git(directory)
        self._damaged = False

    @classmethod
    def open(cls, directory: Path, repository: Repository) -> Mirror:
        """The mirror below the state directory, made if it is not there. `repository` has whole paths
        (`Repository.under`). Nothing is fetched yet.
        """
        named = hashlib.sha256(f"{repository.url}\n{repository.branch}".encode()).hexdigest()[:16]
        mirror = cls(directory.absolute() / f"{named}.git", repository)
        make_folder(mirror.directory)
        return mirror

    def fetch(self) -> Head:
        """Bring the branch; a head that is known costs one question and no fetch. What was there stays if it fails."""
        access_now = access(self.repository)
        try:
            if self._damaged:
                with locked(self.directory):
                    forget(self.directory)
                self._damaged = False
            make_folder(self.directory)
            wanted = self._asked(access_now)
            if wanted == known_head(self.directory):
                return Head(wanted, fetched=False)
            with locked(self.directory) as lock:
                return Head(self._fetched(wanted, access_now, lock), fetched=True)
        except ExceededError as error:
            raise exceeded(self.repository, error) from error
        except OSError as error:
            raise unusable(self.directory, error) from error

    @contextmanager
    def files(self, commit: str, path: str, root_name: Path) -> Iterator[CommittedFiles]:
        """The files of the folder `path` of a commit; `root_name`, a directory, only stands for the project.

        Raises FetchError `path-missing` if the commit has no such folder.
        """
        try:
            with open_bare(self.directory) as objects:
                below = PurePosixPath(path)
                folder = objects.folder(objects.commit(bytes.fromhex(commit)).tree, below)
                if folder is None:
                    raise FetchError(
                        f"The commit {commit[:12]} of {self.repository.url} has no folder {path}.",
                        code="path-missing",
                        hint="Look at `path`, and whether a commit moved or deleted the folder.",
                        waiting=False,
                    )
                yield CommittedFiles(root_name, objects, folder)
        except NoObjectsError as error:
            raise self.unreadable(str(error)) from error

    def commits_since(self, since: str | None, head: str) -> History:
        """What a head has that the last applied commit (None: nothing yet) had not."""
        return history(self, since, head)

    def read(self, *arguments: str, stdin: bytes = b"", settings: dict[str, str] | None = None) -> bytes:
        """What git prints when it reads the mirror, with every transport off."""
        done = self.ask(arguments, stdin=stdin, settings=settings)
        if done.code != 0:
            raise self.unreadable("git cannot read what it fetched")
        return done.output

    def ask(
        self, arguments: Sequence[str], *, stdin: bytes = b"", settings: dict[str, str] | None = None, **more: str
    ) -> Done:
        """A git that reads the mirror, however it ends; `more` goes into its environment."""
        bounds = Bounds(_READ_SECONDS)
        try:
            return self._git.run(arguments, bounds, stdin=stdin, settings=settings, more=more)
        except ExceededError as error:
            raise FetchError(
                f"Reading the history of {self.repository.url} took too much {error.what}, and was stopped.",
                code="history-too-long",
                hint=f"At most {MOST_COMMITS:,} commits are read at once. Set `since` to a commit that is known good.",
                waiting=False,
            ) from error
        except OSError as error:
            raise unusable(self.directory, error) from error

    def _asked(self, access_now: Access) -> str:
        """The commit that the branch has there."""
        ref = f"refs/heads/{self.repository.branch}"
        done = self._remote(["ls-remote", "--quiet", "--", self.repository.url, ref], access_now, _ASK_SECONDS, ())
        for line in done.output.decode("utf-8", "replace").splitlines():
            name, _, found = line.partition("\t")
            if found == ref:
                return name
        raise FetchError(
            f"{self.repository.url} has no branch {self.repository.branch}.",
            code="branch-missing",
            hint="It was deleted or renamed: restore it, or configure another `branch`.",
            waiting=False,
        )

    def _fetched(self, wanted: str, access_now: Access, lock: int) -> str:
        """Fetch into the private ref, and say where it is then."""
        before = known_head(self.directory)
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
        refspec = f"+refs/heads/{self.repository.branch}:{HEAD_REF}"
        arguments = ["fetch", *options, "--", self.repository.url, refspec]
        packs = packs_of(self.directory)
        try:
            done = self._remote(arguments, access_now, self.repository.limits.time, (lock,))
        except ExceededError:
            restore(self.directory, before, packs)
            raise
        head = known_head(self.directory)
        if head is None or (head == before and head != wanted):
            # Git only warns of a history that is cut off, and keeps the ref where it was.
            raise failure(self.repository, done.errors, access_now.secrets)
        if self.ask(["cat-file", "-t", head]).output.strip() != b"commit":
            forget(self.directory)
            raise FetchError(
                f"The branch {self.repository.branch} of {self.repository.url} names no commit.",
                code="objects-refused",
                hint="Point the branch to a commit.",
                waiting=False,
            )
        if len(packs_of(self.directory)) > _MOST_PACKS:
            # Packs of objects that no ref names any more are kept: the last applied commit may be one of them.
            self.ask(["repack", "-q", "-d", "--geometric=2", "--no-write-bitmap-index"])
        return head

    def _remote(self, arguments: Sequence[str], access_now: Access, seconds: float, keep_open: tuple[int, ...]) -> Done:
        limits = self.repository.limits
        packs = self.directory / "objects"
        done = self._git.run(
            arguments,
            Bounds(min(seconds, limits.time), packs, folder_size(packs) + limits.mebibytes * _MIB),
            transport=self.repository.address.transport,
            settings=access_now.settings,
            more=access_now.variables,
            keep_open=keep_open,
        )
        if done.code != 0:
            raise failure(self.repository, done.errors, access_now.secrets)
        return done

    def unreadable(self, why: str) -> FetchError:
        """The next fetch begins anew, so waiting helps."""
        self._damaged = True
        return FetchError(
            f"The mirror of {self.repository.url} cannot be read: {why}.",
            code="mirror-damaged",
            hint=f"It is fetched anew. If that does not help, stop the reconciler and delete {self.directory}.",
            waiting=True,
        )
