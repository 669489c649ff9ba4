"""Webhooks of GitHub: `X-Hub-Signature-256` over the raw body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.webhook.document import commit, mapping, text, texts
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.received import Received
from clawforge.webhook.signature import check_hex, not_genuine


def check(hook: Received) -> str:
    """The id of a genuine webhook. Raises UnauthenticatedError. The older header with SHA-1 is not looked at."""
    method, _, given = hook.headers.get("x-hub-signature-256", "").partition("=")
    check_hex(given, hook.body, hook.secret)
    if method != "sha256":
        raise not_genuine()
    return hook.fingerprint


def said(headers: Mapping[str, str], document: Mapping[str, Any], delivery: str) -> Push:
    """What it says."""
    event = {"push": HookEvent.PUSH, "ping": HookEvent.PING}.get(headers.get("x-github-event", ""), HookEvent.OTHER)
    ref = text(document, "ref") if event is HookEvent.PUSH else None
    return Push(
        event=event,
        repositories=texts(mapping(document, "repository"), "clone_url", "ssh_url", "git_url"),
        refs=(ref,) if ref is not None else (),
        commit=commit(document, "after"),
        delivery=delivery,
    )
