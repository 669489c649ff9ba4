"""GitLab's REST API: https://docs.gitlab.com/api/"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict

from clawforge_cli.ci.forge import Comment, MergedChange, Reviews, judged
from clawforge_cli.ci.forge_client import ForgeClient
from clawforge_cli.ci.pipeline import ForgeAddress
from clawforge_cli.ci.writers import WriterList, Writers

_APPROVED = "approved this merge request"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _User(_Payload):
    id: int
    username: str


class _Note(_Payload):
    id: int
    body: str
    author: _User
    system: bool = False
    created_at: AwareDatetime


class _MergeRequest(_Payload):
    iid: int
    state: str
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    target_branch: str
    author: _User


class _Opened(_Payload):
    author: _User


class _Approval(_Payload):
    user: _User
    approved_at: AwareDatetime | None = None


class _Approvals(_Payload):
    approved_by: tuple[_Approval, ...] = ()


class _Version(_Payload):
    head_commit_sha: str
    created_at: AwareDatetime


class _Commit(_Payload):
    author_email: str = ""
    committer_email: str = ""
    message: str = ""


class _Tip(_Payload):
    id: str


class _BranchState(_Payload):
    commit: _Tip


class GitLabForge:
    """One project on GitLab."""

    longest = 1_000_000

    def __init__(self, address: ForgeAddress) -> None:
        self._path = f"/projects/{quote(address.repository, safe='')}"
        self._client = ForgeClient(address.api, {"PRIVATE-TOKEN": address.token.reveal()})

    def me(self) -> str:
        """The name of the account, also that of a project access token."""
        found: _User = self._client.get("/user", _User)
        return found.username

    def comments(self, change: int) -> Iterator[Comment]:
        """The notes that people and programs wrote."""
        for item in self._notes(change):
            if not item.system:
                yield Comment(item.id, item.author.username, item.body)

    def add_comment(self, change: int, body: str) -> None:
        """Write a note."""
        self._client.send("POST", f"{self._request(change)}/notes", {"body": body})

    def edit_comment(self, change: int, comment: int, body: str) -> None:
        """Replace an own note."""
        self._client.send("PUT", f"{self._request(change)}/notes/{comment}", {"body": body})

    def remove_comment(self, change: int, comment: int) -> None:
        """Remove an own note."""
        self._client.send("DELETE", f"{self._request(change)}/notes/{comment}")

    def merged_by(self, commit: str, branch: str) -> MergedChange | None:
        """By the commit that the merge made: its own, the squashed one, or the last one itself if it was only moved."""
        item: _MergeRequest
        path = f"{self._path}/repository/commits/{quote(commit, safe='')}/merge_requests"
        for item in self._client.pages(path, _MergeRequest):
            made = item.merge_commit_sha or item.squash_commit_sha or item.sha
            if item.state == "merged" and made == commit and item.target_branch == branch and item.sha is not None:
                return MergedChange(item.iid, item.sha, _name(item.author))
        return None

    def newest(self, branch: str) -> str:
        """The commit that a branch is at now."""
        path = f"{self._path}/repository/branches/{quote(branch, safe='')}"
        found: _BranchState = self._client.get(path, _BranchState)
        return found.commit.id

    def writers(self, change: int) -> Writers:
        """Who opened a merge request, and whose addresses stand in its commits: GitLab names no accounts there."""
        opened: _Opened = self._client.get(self._request(change), _Opened)
        return self._writers(change, _name(opened.author))

    def reviews(self, change: MergedChange) -> Reviews:
        """An approval counts if it was given after the last commit was pushed: GitLab keeps older ones unless a project
        is told to drop them."""
        writers = self._writers(change.number, change.author)
        found: _Approvals = self._client.get(f"{self._request(change.number)}/approvals", _Approvals)
        pushed = self._pushed(change)
        given = self._approved_at(change, found)
        old = [name for name, at in given.items() if pushed is None or at is None or at < pushed]
        return judged(given.keys(), old, writers, "before the last push")

    def _writers(self, change: int, author: str) -> Writers:
        found = WriterList("gitlab")
        found.add(author, None)
        item: _Commit
        for item in self._client.pages(f"{self._request(change)}/commits", _Commit):
            found.add(None, item.author_email)
            found.add(None, item.committer_email)
            found.add_coauthors(item.message)
        return found.done()

    def _pushed(self, change: MergedChange) -> dt.datetime | None:
        """When the commit that was merged became the last one."""
        item: _Version
        for item in self._client.pages(f"{self._request(change.number)}/versions", _Version):
            return item.created_at if item.head_commit_sha == change.head else None  # The newest comes first.
        return None

    def _approved_at(self, change: MergedChange, found: _Approvals) -> dict[str, dt.datetime | None]:
        """Who approves now and since when. Older servers say the time only in their notes."""
        given = {_name(item.user): item.approved_at for item in found.approved_by}
        if None in given.values():
            for note in self._notes(change.number):
                name = _name(note.author)
                if note.system and note.body.startswith(_APPROVED) and name in given:
                    given[name] = max(note.created_at, given[name] or note.created_at)
        return given

    def _notes(self, change: int) -> Iterator[_Note]:
        return self._client.pages(f"{self._request(change)}/notes", _Note, {"sort": "asc", "order_by": "created_at"})

    def _request(self, change: int) -> str:
        return f"{self._path}/merge_requests/{change}"


def _name(user: _User) -> str:
    return f"gitlab:{user.id}"
