"""The events that the control plane pushes to agents (SPEC.md 5 and 8): news about what to hold, never the policy."""

from __future__ import annotations

from typing import Any, Literal

from clawforge.keys import Counter
from clawforge.resource.meta import Sha256, Strict

EventName = Literal["policy", "kill", "message", "refresh", "lease"]
"""`policy`: there is another bundle to fetch, or other runtime overlays. `kill`: kill switches went on or off.
`refresh`: somebody wants the agent to poll and to report now, whatever it holds. `message`: there is something to
tell the person, which a heartbeat brings. `lease`: nothing changed, and the lease is fresh."""


class AgentNews(Strict):
    """The data of every event: the revision and serial of the org, the digest of the bundle that the instance should
    hold, and a fresh lease envelope, which names all kill switches that are on. Each event tells the whole present
    state, so whoever misses some has missed nothing once the next one arrives."""

    revision: Counter
    serial: Counter
    digest: Sha256
    lease: dict[str, Any]
