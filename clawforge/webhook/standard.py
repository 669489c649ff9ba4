"""Webhooks as standardwebhooks.com describes them: id, time and body are signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.webhook.document import commit, text, texts
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.received import Received
from clawforge.webhook.signature import check_standard


def check(hook: Received) -> str:
    """The id of a genuine webhook. Raises UnauthenticatedError, and InputError for a secret of another form."""
    headers = hook.headers
    return check_standard(
        headers.get("webhook-id"),
        headers.get("webhook-timestamp"),
        headers.get("webhook-signature"),
        hook.body,
        hook.secret,
        hook.now,
    )


def said(headers: Mapping[str, str], document: Mapping[str, Any], delivery: str) -> Push:
    """What it says: a `ref` if it names one; without one, somebody should look. The type `ping` is a trial."""
    ref = text(document, "ref")
    return Push(
        event=HookEvent.PING if text(document, "type") == "ping" else HookEvent.PUSH,
        repositories=texts(document, "repository"),
        refs=(ref,) if ref is not None else None,
        commit=commit(document, "commit"),
        delivery=delivery,
    )
