"""GitHub's REST API: https://docs.github.com/rest"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from clawforge.errors import UnavailableError
from clawforge_cli.ci.forge import Comment, MergedChange, Reviews, judged
from clawforge_cli.ci.forge_client import ForgeClient
from clawforge_cli.ci.pipeline import ForgeAddress
from clawforge_cli.ci.writers import WriterList, Writers

_VERSION = "2022-11-28"
_SAID = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_WEB_FLOW = "web-flow"
"""The account that commits what people do on GitHub's pages. It is there before anybody could take the name."""
_MOST_COMMITS = 250
"""GitHub lists no more commits of a pull request than this."""


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _User(_Payload):
    id: int
    login: str
    type: str = "User"


class _Comment(_Payload):
    id: int
    user: _User | None = None
    body: str | None = None


class _Branch(_Payload):
    sha: str
    ref: str


class _Pull(_Payload):
    number: int
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    user: _User | None = None
    head: _Branch
    base: _Branch


class _Opened(_Payload):
    user: _User | None = None


class _Review(_Payload):
    user: _User | None = None
    state: str
    commit_id: str | None = None


class _Person(_Payload):
    email: str | None = None


class _GitCommit(_Payload):
    author: _Person | None = None
    committer: _Person | None = None
    message: str = ""


class _Commit(_Payload):
    commit: _GitCommit
    author: _User | None = None
    committer: _User | None = None


class _Tip(_Payload):
    sha: str


class _BranchState(_Payload):
    commit: _Tip


class _Viewer(_Payload):
    login: str


class _Data(_Payload):
    viewer: _Viewer


class _Viewed(_Payload):
    data: _Data


class GitHubForge:
    """One repository on GitHub, or on a server of GitHub's make."""

    longest = 65_536

    def __init__(self, address: ForgeAddress) -> None:
        self._graph = f"{address.api.rstrip('/').removesuffix('/v3')}/graphql"
        self._path = f"/repos/{quote(address.repository, safe='/')}"
        headers = {"Authorization": f"Bearer {address.token.reveal()}", "X-GitHub-Api-Version": _VERSION}
        self._client = ForgeClient(address.api, headers)

    def me(self) -> str:
        """The login. Only GraphQL tells it to the token of a workflow, whose REST calls are refused it."""
        found: _Viewed = self._client.ask(self._graph, _Viewed, {"query": "{ viewer { login } }"})
        if not found.data.viewer.login:
            raise UnavailableError("The forge does not say whose token is used.")
        return found.data.viewer.login

    def comments(self, change: int) -> Iterator[Comment]:
        """The comments of the conversation."""
        item: _Comment
        for item in self._client.pages(f"{self._path}/issues/{change}/comments", _Comment):
            if item.user is not None:
                yield Comment(item.id, item.user.login, item.body or "")

    def add_comment(self, change: int, body: str) -> None:
        """Comment on a pull request."""
        self._client.send("POST", f"{self._path}/issues/{change}/comments", {"body": body})

    def edit_comment(self, change: int, comment: int, body: str) -> None:
        """Replace an own comment."""
        self._client.send("PATCH", f"{self._path}/issues/comments/{comment}", {"body": body})

    def remove_comment(self, change: int, comment: int) -> None:
        """Remove an own comment."""
        self._client.send("DELETE", f"{self._path}/issues/comments/{comment}")

    def merged_by(self, commit: str, branch: str) -> MergedChange | None:
        """By the commit that GitHub says the merge made; a commit that only came along has no change here."""
        item: _Pull
        for item in self._client.pages(f"{self._path}/commits/{quote(commit, safe='')}/pulls", _Pull):
            if item.merged_at is not None and item.merge_commit_sha == commit and item.base.ref == branch:
                return MergedChange(item.number, item.head.sha, _name(item.user))
        return None

    def newest(self, branch: str) -> str:
        """The commit that a branch is at now."""
        found: _BranchState = self._client.get(f"{self._path}/branches/{quote(branch, safe='')}", _BranchState)
        return found.commit.sha

    def writers(self, change: int) -> Writers:
        """Who opened a pull request, and whoever is named in its commits."""
        opened: _Opened = self._client.get(f"{self._path}/pulls/{change}", _Opened)
        return self._writers(change, _name(opened.user))

    def reviews(self, change: MergedChange) -> Reviews:
        """The last word of each reviewer counts, if it approves the last commit and is not taken back."""
        writers = self._writers(change.number, change.author)
        latest: dict[int, _Review] = {}
        item: _Review
        for item in self._client.pages(f"{self._path}/pulls/{change.number}/reviews", _Review):
            if item.user is not None and item.user.type == "User" and item.state in _SAID:
                latest[item.user.id] = item
        approved = {_name(item.user): item for item in latest.values() if item.state == "APPROVED"}
        old = [name for name, item in approved.items() if item.commit_id != change.head]
        return judged(approved.keys(), old, writers, "an earlier commit")

    def _writers(self, change: int, author: str) -> Writers:
        found = WriterList("github")
        found.add(author, None)
        commits: list[_Commit] = list(self._client.pages(f"{self._path}/pulls/{change}/commits", _Commit))
        for item in commits:
            found.add(_name(item.author), _address(item.commit.author))
            if item.committer is None or item.committer.login != _WEB_FLOW:
                found.add(_name(item.committer), _address(item.commit.committer))
            found.add_coauthors(item.commit.message)
        if len(commits) >= _MOST_COMMITS:
            found.incomplete("The change has more commits than GitHub lists, so its authors are not known.")
        return found.done()


def _address(person: _Person | None) -> str | None:
    return None if person is None else person.email


def _name(user: _User | None) -> str:
    return "" if user is None else f"github:{user.id}"
