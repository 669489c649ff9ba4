"""Webhooks of Bitbucket, Cloud and Data Center: `X-Hub-Signature`, which is SHA-256 here, over the raw body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clawforge.webhook.document import commit, items, mapping, text
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.received import Received
from clawforge.webhook.signature import check_hex, not_genuine

_EVENTS = {
    "repo:push": HookEvent.PUSH,
    "repo:refs_changed": HookEvent.PUSH,
    "diagnostics:ping": HookEvent.PING,
}


def check(hook: Received) -> str:
    """The id of a genuine webhook. Raises UnauthenticatedError."""
    method, _, given = hook.headers.get("x-hub-signature", "").partition("=")
    check_hex(given, hook.body, hook.secret)
    if method != "sha256":
        raise not_genuine()
    return hook.fingerprint


def said(headers: Mapping[str, str], document: Mapping[str, Any], delivery: str) -> Push:
    """What it says. One push may move several branches."""
    changes = items(mapping(document, "push"), "changes") or items(document, "changes")
    commits = [found for change in changes if (found := _commit(change)) is not None]
    return Push(
        event=_EVENTS.get(headers.get("x-event-key", ""), HookEvent.OTHER),
        repositories=tuple(_repositories(mapping(document, "repository"))),
        refs=tuple(dict.fromkeys(ref for change in changes for ref in _refs(change))),
        commit=commits[0] if len(commits) == 1 else None,
        delivery=delivery,
    )


def _refs(change: Mapping[str, Any]) -> Iterator[str]:
    """The branch before and after: a deleted one has no after."""
    for side in ("new", "old"):
        branch = mapping(change, side)
        name = text(branch, "name")
        if name is not None and text(branch, "type") == "branch":
            yield f"refs/heads/{name}"
    full = text(mapping(change, "ref"), "id")
    if full is not None:
        yield full


def _commit(change: Mapping[str, Any]) -> str | None:
    return commit(mapping(mapping(change, "new"), "target"), "hash") or commit(change, "toHash")


def _repositories(repository: Mapping[str, Any]) -> Iterator[str]:
    links = mapping(repository, "links")
    addresses = [text(mapping(links, "html"), "href"), *(text(link, "href") for link in items(links, "clone"))]
    yield from (address for address in addresses if address is not None)
