"""How much anybody may ask: by address before it is known who asks, by principal and org after.

What is answered from memory is cheap, so it is never the address that slows down somebody who is known: the agents
behind one address do not pay for a neighbour who guesses.
"""

from __future__ import annotations

from dataclasses import dataclass

from clawforge_server.auth.pace import Pace, Rate
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.rate_limit import RateLimitedError, network_of
from clawforge_server.clock import Clock

REQUESTS_PER_MINUTE = 1_200


@dataclass(frozen=True, slots=True)
class RequestRates:
    """`address`: requests that show no credential which is in memory, from one IPv4 address or IPv6 /64. `principal`:
    of one user, service account, key of the owner, or instance. `org`: of all people and pipelines of an org together,
    where the org names no rate of its own."""

    address: Rate
    principal: Rate
    org: Rate


def rates(per_minute: int = REQUESTS_PER_MINUTE) -> RequestRates:
    """The rates of a server on which one principal may send so many requests a minute."""
    return RequestRates(
        address=_rate(max(1, per_minute // 2)),
        principal=_rate(per_minute),
        org=_rate(per_minute * 5),
    )


def _rate(per_minute: int) -> Rate:
    # Half a minute's worth at once: programs ask in bursts, and people wait for them.
    return Rate(per_minute, max(1, per_minute // 2))


class RequestLimits:
    """Used from the event loop alone; memory is bounded."""

    def __init__(self, clock: Clock, limits: RequestRates) -> None:
        self._rates = limits
        self._addresses = Pace(clock, limits.address)
        self._principals = Pace(clock, limits.principal)
        self._orgs = Pace(clock, limits.org)

    def arrive(self, address: str) -> None:
        """Count a request of somebody unknown, before anything is done for it. Raises RateLimitedError."""
        left = self._addresses.take(network_of(address))
        if left > 0:
            raise _limited("address", self._rates.address, left, "Too many requests came from this address.")

    def genuine(self, address: str) -> None:
        """The request that arrived last from here showed a good credential: it does not count."""
        self._addresses.give_back(network_of(address))

    def principal(self, principal: Principal, org_rate: int | None) -> None:
        """Count a request of somebody known. `org_rate`: requests per minute that the org allows itself, if it says.

        Raises RateLimitedError.
        """
        if principal.org is not None and principal.kind != "instance":
            rate = self._rates.org if org_rate is None else _rate(org_rate)
            self._org(principal.org, rate, _key(principal))
            return
        self._one(_key(principal))

    def instance(self, org: str, name: str) -> None:
        """Count a request of an agent. The org's rate is not for agents: a script that loops must not keep a kill
        switch from them. Raises RateLimitedError."""
        self._one(f"{org}/instance:{name}")

    def _org(self, org: str, rate: Rate, key: str) -> None:
        # The single one first: whoever is slowed down already takes nothing from the others.
        self._one(key)
        left = self._orgs.take(org, rate)
        if left > 0:
            raise _limited("org", rate, left, "The members of this org send too many requests together.")

    def _one(self, key: str) -> None:
        left = self._principals.take(key)
        if left > 0:
            raise _limited("principal", self._rates.principal, left, "This credential sends too many requests.")


def _key(principal: Principal) -> str:
    return f"{principal.org or ''}/{principal.actor}"


def _limited(policy: str, rate: Rate, left: float, message: str) -> RateLimitedError:
    return RateLimitedError(
        message,
        hint=f"Wait {int(left) + 1} s, and send fewer.",
        retry_after=left,
        policy=policy,
        per_minute=rate.per_minute,
    )
