"""Webhooks as the forges send them: the headers and the fields of their documentation, signed with a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from clawforge.reconcile.hook_settings import HookProvider

SECRET = "It's a Secret to Everybody"
SIGNING_SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of a random key").decode()
COMMIT = "59b20b8d5c6ff8d09518216e87b7e28e7ba5b3f1"
BEFORE = "0123456789012345678901234567890123456789"
NOW = 1_790_000_000


@dataclass(frozen=True)
class SentHook:
    """A webhook on its way; names of headers are in lower case."""

    provider: HookProvider
    secret: str
    headers: dict[str, str]
    body: bytes


def _hex(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def github(branch: str = "main", *, event: str = "push", serial: int = 0) -> SentHook:
    """GitHub."""
    repository = {"clone_url": "https://github.com/acme/policies.git", "ssh_url": "git@github.com:acme/policies.git"}
    document = {"ref": f"refs/heads/{branch}", "before": BEFORE, "after": COMMIT, "repository": repository}
    body = _json(document | {"serial": serial})
    headers = {"x-github-event": event, "x-github-delivery": "72d3162e", "x-hub-signature-256": f"sha256={_hex(body)}"}
    return SentHook(HookProvider.GITHUB, SECRET, headers, body)


def gitlab(branch: str = "main", *, event: str = "push") -> SentHook:
    """GitLab with the secret token that is sent along."""
    headers = {"x-gitlab-event": "Push Hook", "x-gitlab-token": SECRET}
    return SentHook(HookProvider.GITLAB, SECRET, headers, _gitlab_body(branch, event))


def gitlab_signed(branch: str = "main", *, event: str = "push", now: int = NOW) -> SentHook:
    """GitLab with a signing token."""
    body = _gitlab_body(branch, event)
    headers = {"x-gitlab-event": "Push Hook"} | _standard("f5e5f430-f57b", body, now)
    return SentHook(HookProvider.GITLAB, SIGNING_SECRET, headers, body)


def gitea(branch: str = "main", *, event: str = "push") -> SentHook:
    """Gitea."""
    body = _gitea_body(branch)
    headers = {"x-gitea-event": event, "x-gitea-delivery": "f6266f16", "x-gitea-signature": _hex(body)}
    return SentHook(HookProvider.GITEA, SECRET, headers, body)


def forgejo(branch: str = "main", *, event: str = "push") -> SentHook:
    """Forgejo, which sends Gitea's headers too."""
    body = _gitea_body(branch)
    headers = {"x-forgejo-event": event, "x-forgejo-signature": _hex(body), "x-gitea-signature": _hex(body)}
    return SentHook(HookProvider.FORGEJO, SECRET, headers, body)


def bitbucket(branch: str = "main", *, event: str = "repo:push") -> SentHook:
    """Bitbucket Cloud."""
    target = {"type": "commit", "hash": COMMIT}
    change = {"new": {"type": "branch", "name": branch, "target": target}, "old": None, "created": True}
    links = {"html": {"href": "https://bitbucket.org/acme/policies"}}
    body = _json({"repository": {"full_name": "acme/policies", "links": links}, "push": {"changes": [change]}})
    headers = {"x-event-key": event, "x-hook-uuid": "{a}", "x-hub-signature": f"sha256={_hex(body)}"}
    return SentHook(HookProvider.BITBUCKET, SECRET, headers, body)


def bitbucket_data_center(branch: str = "main", *, event: str = "repo:refs_changed") -> SentHook:
    """Bitbucket Data Center."""
    ref = {"id": f"refs/heads/{branch}", "displayId": branch, "type": "BRANCH"}
    change = {"ref": ref, "refId": ref["id"], "fromHash": BEFORE, "toHash": COMMIT, "type": "UPDATE"}
    links = {"clone": [{"href": "https://git.example/scm/acme/policies.git", "name": "http"}]}
    body = _json({"eventKey": event, "repository": {"slug": "policies", "links": links}, "changes": [change]})
    headers = {"x-event-key": event, "x-request-id": "1", "x-hub-signature": f"sha256={_hex(body)}"}
    return SentHook(HookProvider.BITBUCKET, SECRET, headers, body)


def standard(branch: str = "main", *, event: str = "push", now: int = NOW, identity: str = "msg_1") -> SentHook:
    """Anything else, signed by Standard Webhooks."""
    document = {"type": event, "ref": f"refs/heads/{branch}", "commit": COMMIT}
    body = _json(document | {"repository": "https://git.example/policies.git"})
    return SentHook(HookProvider.STANDARD, SIGNING_SECRET, _standard(identity, body, now), body)


EVERY_SENDER = (
    github,
    gitlab,
    gitlab_signed,
    gitea,
    forgejo,
    bitbucket,
    bitbucket_data_center,
    standard,
)


def _gitlab_body(branch: str, event: str) -> bytes:
    project = {
        "git_http_url": "https://gitlab.com/acme/policies.git",
        "git_ssh_url": "git@gitlab.com:acme/policies.git",
    }
    return _json({"object_kind": event, "ref": f"refs/heads/{branch}", "after": COMMIT, "project": project})


def _gitea_body(branch: str) -> bytes:
    repository = {"clone_url": "https://git.example/acme/policies.git", "ssh_url": "git@git.example:acme/policies.git"}
    return _json({"ref": f"refs/heads/{branch}", "before": BEFORE, "after": COMMIT, "repository": repository})


def _standard(identity: str, body: bytes, now: int) -> dict[str, str]:
    key = base64.b64decode(SIGNING_SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identity}.{now}.".encode() + body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"webhook-id": identity, "webhook-timestamp": str(now), "webhook-signature": f"v1,{signature}"}
