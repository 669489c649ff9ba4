"""The status of a commit as each forge's interface wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

import orjson

from clawforge.reconcile.notice import CommitState, Notice
from clawforge.reconcile.notify_settings import CommitStatusRoute, Forge
from clawforge.secret import Secret
from clawforge_cli.gitops.egress import Answered, Outgoing
from clawforge_cli.views.terminal import safe

_APIS = {
    Forge.GITHUB: "https://api.github.com",
    Forge.GITLAB: "https://gitlab.com/api/v4",
    Forge.BITBUCKET: "https://api.bitbucket.org/2.0",
}
_GITHUB_VERSION = "2022-11-28"
_MOST_DESCRIPTION = 140
_MOST_KEY = 40
_GITLAB = {
    CommitState.PENDING: "pending",
    CommitState.SUCCESS: "success",
    CommitState.FAILURE: "failed",
    CommitState.ERROR: "failed",
}
_BITBUCKET = {
    CommitState.PENDING: "INPROGRESS",
    CommitState.SUCCESS: "SUCCESSFUL",
    CommitState.FAILURE: "FAILED",
    CommitState.ERROR: "FAILED",
}


def status_request(route: CommitStatusRoute, notice: Notice, token: Secret) -> Outgoing | None:
    """What to post; None for a notice that says nothing about a commit."""
    state, commit = notice.commit_state, notice.commit
    if state is None or commit is None:
        return None
    return _BUILDERS[route.forge](route, notice, state, commit, token)


def api_of(route: CommitStatusRoute) -> str:
    """The root of the interface, without a slash at its end."""
    return (route.api or _APIS.get(route.forge, "")).rstrip("/")


def says_the_same(route: CommitStatusRoute, answer: Answered) -> bool:
    """Whether a refusal only means that the commit has this status already: GitLab refuses what changes nothing."""
    return route.forge is Forge.GITLAB and answer.status == 400 and b"Cannot transition status" in answer.body


def _github(route: CommitStatusRoute, notice: Notice, state: CommitState, commit: str, token: Secret) -> Outgoing:
    body = {"state": str(state), "context": _context(route, notice), "description": _description(notice)}
    return Outgoing(
        Secret(f"{api_of(route)}/repos/{quote(route.project)}/statuses/{commit}"),
        (
            ("Authorization", Secret(f"Bearer {token.reveal()}")),
            ("Accept", Secret("application/vnd.github+json")),
            ("X-GitHub-Api-Version", Secret(_GITHUB_VERSION)),
            _JSON,
        ),
        orjson.dumps(body | ({"target_url": notice.url} if notice.url else {})),
    )


def _gitlab(route: CommitStatusRoute, notice: Notice, state: CommitState, commit: str, token: Secret) -> Outgoing:
    body = {"state": _GITLAB[state], "name": _context(route, notice), "description": _description(notice)}
    return Outgoing(
        Secret(f"{api_of(route)}/projects/{quote(route.project, safe='')}/statuses/{commit}"),
        (("PRIVATE-TOKEN", token), _JSON),
        orjson.dumps(body | ({"target_url": notice.url} if notice.url else {})),
    )


def _gitea(route: CommitStatusRoute, notice: Notice, state: CommitState, commit: str, token: Secret) -> Outgoing:
    body = {"state": str(state), "context": _context(route, notice), "description": _description(notice)}
    return Outgoing(
        Secret(f"{api_of(route)}/repos/{quote(route.project)}/statuses/{commit}"),
        (("Authorization", Secret(f"token {token.reveal()}")), _JSON),
        orjson.dumps(body | ({"target_url": notice.url} if notice.url else {})),
    )


def _bitbucket(route: CommitStatusRoute, notice: Notice, state: CommitState, commit: str, token: Secret) -> Outgoing:
    context = _context(route, notice)
    # The key is what a later status replaces; a long name would be cut into that of another source.
    key = context if len(context) <= _MOST_KEY else hashlib.sha256(context.encode()).hexdigest()[:_MOST_KEY]
    # An address is demanded; without a plan, the commit's own page is the honest one.
    page = notice.url or f"https://bitbucket.org/{quote(route.project)}/commits/{commit}"
    body = {"key": key, "name": context, "state": _BITBUCKET[state], "description": _description(notice), "url": page}
    return Outgoing(
        Secret(f"{api_of(route)}/repositories/{quote(route.project)}/commit/{commit}/statuses/build"),
        (("Authorization", Secret(f"Bearer {token.reveal()}")), _JSON),
        orjson.dumps(body),
    )


_JSON = ("Content-Type", Secret("application/json"))

_Builder = Callable[[CommitStatusRoute, Notice, CommitState, str, Secret], Outgoing]
_BUILDERS: dict[Forge, _Builder] = {
    Forge.GITHUB: _github,
    Forge.GITLAB: _gitlab,
    Forge.GITEA: _gitea,
    Forge.FORGEJO: _gitea,
    Forge.BITBUCKET: _bitbucket,
}


def _context(route: CommitStatusRoute, notice: Notice) -> str:
    """The same for every status of a source, so that a later one replaces an earlier one."""
    return route.context or f"clawforge/{notice.source}"


def _description(notice: Notice) -> str:
    text = safe(notice.title)
    return text if len(text) <= _MOST_DESCRIPTION else text[: _MOST_DESCRIPTION - 1] + "…"
