"""The verdict against enumeration."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from verdict_check import changes, check

from clawforge.resource.meta import Resource

CASES = int(os.environ.get("CLAWFORGE_ORACLE_CASES", "120"))


@given(changes())
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_verdict_agrees_with_enumeration(change: tuple[list[Resource], list[Resource]]) -> None:
    check(*change)
