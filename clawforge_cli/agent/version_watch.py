"""Since when this machine's versions have been outside of what the policy wants; grace periods count from there."""

from __future__ import annotations

import datetime as dt

from clawforge.bundle import Bundle
from clawforge.compliance.lapse import missed_components
from clawforge.decide.request import InstanceFacts


def out_of_range_since(
    bundle: Bundle, facts: InstanceFacts, before: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """None while every target of every policy in the bundle is met; else what was noted before, or `now`.

    One moment serves all targets, so a target that is added while another is missed has no grace of its own left.
    """
    targets = [target for policy in bundle.policies.values() for target in policy.versions.targets]
    return (before or now) if missed_components(targets, facts.versions or {}) else None
