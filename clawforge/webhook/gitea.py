"""Webhooks of Gitea and Forgejo: the bare hex of an HMAC over the raw body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.webhook.document import commit, mapping, text, texts
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.received import Received
from clawforge.webhook.signature import check_hex

_FORGEJO, _GITEA = "x-forgejo-signature", "x-gitea-signature"


def check(hook: Received) -> str:
    """The id of a genuine webhook. Raises UnauthenticatedError. Forgejo's own header is the one that counts."""
    name = _FORGEJO if _FORGEJO in hook.headers else _GITEA
    check_hex(hook.headers.get(name), hook.body, hook.secret)
    return hook.fingerprint


def said(headers: Mapping[str, str], document: Mapping[str, Any], delivery: str) -> Push:
    """What it says. The button that tries a webhook sends a push of the default branch."""
    is_push = headers.get("x-forgejo-event", headers.get("x-gitea-event")) == "push"
    ref = text(document, "ref") if is_push else None
    return Push(
        event=HookEvent.PUSH if is_push else HookEvent.OTHER,
        repositories=texts(mapping(document, "repository"), "clone_url", "ssh_url"),
        refs=(ref,) if ref is not None else (),
        commit=commit(document, "after"),
        delivery=delivery,
    )
