"""A branch as the reconciler uses it: a mirror, and whose commits count in it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from clawforge.reconcile.source_settings import Repository, Trust
from clawforge_cli.gitops.commit_trust import verified
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.gitops.mirror import Mirror
from clawforge_cli.gitops.objects import open_bare
from clawforge_cli.gitops.ports import CommitFacts, Trusted
from clawforge_cli.gitops.trusted_keys import keys_digest


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """`trust` and the repository have whole paths."""

    mirror: Mirror
    trust: Trust

    @classmethod
    def open(cls, state: Path, repository: Repository, trust: Trust) -> MirrorSource:
        """The mirror below the state directory. Raises FetchError."""
        return cls(Mirror.open(state / "mirrors", repository), trust)

    def fetch(self) -> str:
        """The id of the commit that the branch names now."""
        return self.mirror.fetch().commit

    def keys(self) -> str:
        """A digest of the keys that are trusted now."""
        return keys_digest(self.trust)

    def trusted(self, since: str | None, head: str) -> Trusted:
        """Check every commit that `since` had not."""
        signers = verified(self.mirror, self.trust, since, head).signers
        return Trusted(signers, rewritten=self.mirror.commits_since(since, head).rewritten)

    def facts(self, commit: str) -> CommitFacts:
        """Author and subject of a commit."""
        with open_bare(self.mirror.directory) as objects:
            found = objects.commit(bytes.fromhex(commit))
        return CommitFacts(found.id, found.author, found.subject)

    def files(self, commit: str) -> AbstractContextManager[CommittedFiles]:
        """The files of the project as a commit has them."""
        return self.mirror.files(commit, self.mirror.repository.path, self.mirror.directory)
