"""The reconciler's own copy of one branch: a bare repository that only the git binary writes.

Nothing of the repository is ever checked out, and nothing that it says is run or configures anything.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from clawforge.reconcile.source_settings import Repository
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.gitops.history import History


@dataclass(frozen=True, slots=True)
class Head:
    """Where the branch is. `commit` is a full id."""

    commit: str
    fetched: bool
    """Whether something new was fetched."""


class Mirror:
    """One branch of one repository, in a directory of its own. All methods raise FetchError."""

    @classmethod
    def open(cls, directory: Path, repository: Repository) -> Mirror:
        """The mirror below the state directory, made if it is not there. `repository` has whole paths
        (`Repository.under`). Nothing is fetched yet.
        """
        raise NotImplementedError

    def fetch(self) -> Head:
        """Bring the branch; a head that is known costs one question and no fetch."""
        raise NotImplementedError

    def files(self, commit: str, path: str, root_name: Path) -> AbstractContextManager[CommittedFiles]:
        """The files of the folder `path` of a commit; `root_name` only names the project in messages.

        Raises FetchError `path-missing` if the commit has no such folder.
        """
        raise NotImplementedError

    def commits_since(self, since: str | None, head: str) -> History:
        """What a head has that the last applied commit (None: nothing yet) had not."""
        raise NotImplementedError
