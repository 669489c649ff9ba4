"""Which hosts may be reached."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call, shown
from clawforge.decide.domains import DomainMatcher
from clawforge.decide.hosts import host_of, is_private_address
from clawforge.decide.request import Reason
from clawforge.effective import EffectiveNetwork
from clawforge.resource.policy import PrivateAddresses
from clawforge.resource.policy_test import Effect


class NetworkJudge:
    """Every address must name a host that every program reads alike, and that host must pass."""

    def __init__(self, rules: EffectiveNetwork, blame: Blame) -> None:
        self._blame = blame
        self._allow = None if rules.allow is None else DomainMatcher(rules.allow)
        self._deny = DomainMatcher(rules.deny)
        self._no_private = rules.private_addresses is PrivateAddresses.DENY
        self._limit = next(
            (
                path
                for path, limits in (
                    ("network.allow", rules.allow is not None),
                    ("network.deny", bool(rules.deny)),
                    ("network.privateAddresses", self._no_private),
                )
                if limits
            ),
            None,
        )

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why an address may not be reached: one reason a code, for the first address that gives it."""
        if self._limit is None:
            return
        found: dict[str, Reason] = {}
        for url in call.touched.urls:
            for reason in self._about(call, url):
                found.setdefault(reason.code, reason)
        if call.touched.hidden_url:
            reason = self._unknown("The call does not say which host it reaches.", self._limit)
            found.setdefault(reason.code, reason)
        yield from found.values()

    def _about(self, call: Call, url: str) -> Iterator[Reason]:
        host = host_of(url)
        if host is None:
            quoted = call.quote(url, "in the call")
            message = f"Which host the address {quoted} names cannot be told for certain."
            yield self._unknown(message, self._limit or "network.allow")
            return
        quoted = call.quote(shown(host), "in the call")
        denied = self._deny.find(host)
        if denied is not None:
            message = f"The host {quoted} is denied by {denied}."
            yield self._blame.reason("network-denied", Effect.DENY, message, "network.deny", denied)
        if self._allow is not None and self._allow.find(host) is None:
            message = f"The host {quoted} is not in the list of allowed hosts."
            yield self._blame.reason("network-not-allowed", Effect.DENY, message, "network.allow")
        if self._no_private and is_private_address(host):
            message = f"The host {quoted} is on a private network or this machine itself."
            path = "network.privateAddresses"
            yield self._blame.reason("network-private-address", Effect.DENY, message, path)

    def _unknown(self, message: str, path: str) -> Reason:
        return self._blame.reason("network-unknown-host", Effect.DENY, message, path)
