"""Webhooks of GitLab: a signing token as of Standard Webhooks, or the older secret token that is merely sent along.

The form of our own secret says which of the two it is, never the webhook: else leaving the signature out would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.webhook import standard
from clawforge.webhook.document import commit, mapping, text, texts
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.received import Received
from clawforge.webhook.signature import check_equal, is_standard_secret


def check(hook: Received) -> str:
    """The id of a genuine webhook. Raises UnauthenticatedError, and InputError for a signing token of another form."""
    if is_standard_secret(hook.secret):
        return standard.check(hook)
    check_equal(hook.headers.get("x-gitlab-token"), hook.secret)
    return hook.fingerprint


def said(headers: Mapping[str, str], document: Mapping[str, Any], delivery: str) -> Push:
    """What it says. GitLab has no ping: the button that tries a webhook sends a push."""
    is_push = text(document, "object_kind") == "push"
    ref = text(document, "ref") if is_push else None
    return Push(
        event=HookEvent.PUSH if is_push else HookEvent.OTHER,
        repositories=texts(mapping(document, "project"), "git_http_url", "git_ssh_url"),
        refs=(ref,) if ref is not None else (),
        commit=commit(document, "after"),
        delivery=delivery,
    )
