"""Slowing down whoever guesses credentials: failures are counted for each client address."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

from clawforge.errors import UnavailableError
from clawforge_server.clock import Clock

_FAILURES = 100
_WINDOW = 60.0
_MOST_ADDRESSES = 10_000


class RateLimitedError(UnavailableError):
    """Too much of something; waiting helps. `policy` names the limit, which allows `per_minute` (0: not said)."""

    code = "rate-limited"

    def __init__(
        self, message: str, *, hint: str = "", retry_after: float = 0.0, policy: str = "", per_minute: int = 0
    ) -> None:
        super().__init__(message, hint=hint, retry_after=retry_after)
        self.policy = policy
        self.per_minute = per_minute


@dataclass(slots=True)
class _Window:
    began: float
    failures: int


class FailureLimit:
    """At most 100 failed credentials a minute and address. Used from the event loop alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise RateLimitedError while the address has used up its failures."""
        address = network_of(address)
        window = self._windows.get(address)
        if window is None or window.failures < _FAILURES:
            return
        left = window.began + _WINDOW - self._clock.monotonic()
        if left > 0:
            raise RateLimitedError(
                "Too many invalid credentials came from this address.",
                hint=f"Wait {int(left) + 1} s, and check the token that is being sent.",
                retry_after=left,
                policy="failures",
                per_minute=_FAILURES,
            )
        del self._windows[address]

    def failed(self, address: str) -> None:
        """Count a failure."""
        address = network_of(address)
        now = self._clock.monotonic()
        window = self._windows.pop(address, None)
        if window is None or now - window.began >= _WINDOW:
            window = _Window(now, 0)
        window.failures += 1
        self._windows[address] = window
        # The address that failed longest ago makes room: memory stays bounded.
        while len(self._windows) > _MOST_ADDRESSES:
            self._windows.popitem(last=False)


def network_of(address: str) -> str:
    """The address; of IPv6 the /64 network, since whoever has one address of it has them all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return address
