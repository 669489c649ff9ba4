"""How a forge tells the reconciler of a push."""

from __future__ import annotations

from enum import StrEnum

from clawforge.resource.meta import Strict
from clawforge.secret_ref import SecretRef


class HookProvider(StrEnum):
    """Whose way of signing a webhook is used. `standard` is that of Standard Webhooks, for everything else."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    BITBUCKET = "bitbucket"
    STANDARD = "standard"


class HookSettings(Strict):
    """A webhook that wakes the source at `POST /hooks/NAME`. Nothing that it says is used but the branch."""

    provider: HookProvider
    """The forge that sends it."""
    secret: SecretRef
    """The secret that the forge signs with. A GitLab secret that begins with `whsec_` is a signing token; any other one
    is the secret token that GitLab sends along."""
