"""From the bytes of a webhook to what it says, by the rules of whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping

from clawforge.reconcile.hook_settings import HookProvider
from clawforge.secret import Secret
from clawforge.webhook.push import Push


def signed_push(provider: HookProvider, headers: Mapping[str, str], body: bytes, secret: Secret, now: float) -> Push:
    """What a webhook says. Names of headers are in lower case; `now` is in seconds since 1970.

    Raises UnauthenticatedError for one that is not genuine or too old, and InputError for a genuine one that is no
    document of this forge.
    """
    raise NotImplementedError
