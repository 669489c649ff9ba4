"""What is asked of a forge: comments on a change, the change that a commit merged, and who approved it there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from clawforge_cli.ci.writers import Writers

if TYPE_CHECKING:
    from clawforge_cli.ci.pipeline import ForgeAddress


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, by its number; `by` is whose it is."""

    id: int
    by: str
    body: str


@dataclass(frozen=True, slots=True)
class MergedChange:
    """A change that was merged: its number, the last commit that was proposed, and who proposed it. People are named by
    the forge and the number it gave them, as `github:583231`: names there can change hands."""

    number: int
    head: str
    author: str


@dataclass(frozen=True, slots=True)
class Reviews:
    """Who approved the last commit of a change, and who wrote the change. `remark` says why an approval that the forge
    shows does not count."""

    approvers: tuple[str, ...]
    writers: Writers
    remark: str = ""


_MOST_APPROVERS = 64
"""A control plane takes no more."""


def judged(given: Collection[str], old: Collection[str], writers: Writers, when: str) -> Reviews:
    """Which of the given approvals count: those that are not old, of people who did not write the change. `when` says
    of the old ones to what, or when, they were given. Where not everybody who wrote it is known, or more approved than
    can be told, none counts.
    """
    if writers.remark:
        return Reviews((), writers, writers.remark)
    own = sorted(set(given).intersection((*writers.authors, *writers.addresses)))
    parts = [f"{', '.join(sorted(old))} approved {when}"] if old else []
    parts += [f"{', '.join(own)} wrote it"] if own else []
    remark = f"{' and '.join(parts)}, which does not count." if parts else ""
    approvers = tuple(sorted(set(given) - set(old) - set(own)))
    if len(approvers) > _MOST_APPROVERS:
        return Reviews((), writers, f"{len(approvers)} approved it, which is more than can be told, so none counts.")
    return Reviews(approvers, writers, remark)


class CodeForge(Protocol):
    """A forge, asked about one repository. Every method raises UnavailableError and ForbiddenError."""

    longest: int
    """Characters that a comment may have."""

    def me(self) -> str:
        """Whose token is used, as comments name their author."""

    def comments(self, change: int) -> Iterator[Comment]:
        """The comments on a change, oldest first."""

    def add_comment(self, change: int, body: str) -> None:
        """Comment on a change."""

    def edit_comment(self, change: int, comment: int, body: str) -> None:
        """Replace the text of an own comment."""

    def remove_comment(self, change: int, comment: int) -> None:
        """Remove an own comment."""

    def merged_by(self, commit: str, branch: str) -> MergedChange | None:
        """The change whose merge into the branch made the commit; None if none did."""

    def newest(self, branch: str) -> str:
        """The commit that a branch is at now."""

    def writers(self, change: int) -> Writers:
        """Who wrote a change."""

    def reviews(self, change: MergedChange) -> Reviews:
        """Who approved what was merged."""


def open_forge(address: ForgeAddress) -> CodeForge:
    """The forge at an address. Raises InputError for an address that a token must not be sent to."""
    from clawforge_cli.ci.github_forge import GitHubForge
    from clawforge_cli.ci.gitlab_forge import GitLabForge
    from clawforge_cli.ci.pipeline import ForgeKind

    return GitHubForge(address) if address.kind is ForgeKind.GITHUB else GitLabForge(address)
