"""What signing in needs, and what keeps it from taking the server's time: threads of its own, and limits."""

from __future__ import annotations

from dataclasses import dataclass

from clawforge_server.auth.attempt_limit import AttemptLimit
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.oidc.issuers import Issuers
from clawforge_server.auth.password_hash import PasswordHashes
from clawforge_server.auth.turns import Turns
from clawforge_server.clock import Clock

_WAITING_FOR_ISSUERS = 4
_OF_ONE_ORG = 2
_HASHING = 2
_QUARTER = 15 * 60.0


@dataclass(frozen=True)
class SignInDesk:
    """`verifying` threads may wait for an issuer that does not answer, so one org, which chooses its issuers, never has
    them all; `hashing` threads hold memory."""

    issuers: Issuers
    passwords: PasswordHashes
    by_address: AttemptLimit
    by_account: AttemptLimit
    verifying: Turns
    hashing: Turns


def make_sign_in_desk(clock: Clock, egress: Egress) -> SignInDesk:
    """Call it inside the event loop that serves."""
    return SignInDesk(
        issuers=Issuers(egress, clock),
        passwords=PasswordHashes(),
        by_address=AttemptLimit(clock, 60, _QUARTER),
        by_account=AttemptLimit(clock, 10, _QUARTER),
        verifying=Turns(_WAITING_FOR_ISSUERS, _OF_ONE_ORG),
        hashing=Turns(_HASHING, _HASHING),
    )
