"""From the bytes of a webhook to what it says, by the rules of whoever sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clawforge.reconcile.hook_settings import HookProvider
from clawforge.secret import Secret
from clawforge.webhook import bitbucket, gitea, github, gitlab, standard
from clawforge.webhook.document import read_document
from clawforge.webhook.push import Push
from clawforge.webhook.received import Received

_Check = Callable[[Received], str]
_Said = Callable[[Mapping[str, str], Mapping[str, Any], str], Push]

_PROVIDERS: dict[HookProvider, tuple[_Check, _Said]] = {
    HookProvider.GITHUB: (github.check, github.said),
    HookProvider.GITLAB: (gitlab.check, gitlab.said),
    HookProvider.GITEA: (gitea.check, gitea.said),
    HookProvider.FORGEJO: (gitea.check, gitea.said),
    HookProvider.BITBUCKET: (bitbucket.check, bitbucket.said),
    HookProvider.STANDARD: (standard.check, standard.said),
}


def signed_push(provider: HookProvider, headers: Mapping[str, str], body: bytes, secret: Secret, now: float) -> Push:
    """What a webhook says. Names of headers are in lower case; `now` is in seconds since 1970.

    The signature is checked over the bytes before anything reads them. Raises UnauthenticatedError for a webhook that
    is not genuine or too old, and InputError for a genuine one that is no document of this forge, or a secret that
    cannot be one of its.
    """
    check, said = _PROVIDERS[provider]
    delivery = check(Received(headers, body, secret, now))
    return said(headers, read_document(headers, body), delivery)
