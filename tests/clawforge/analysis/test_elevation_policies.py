"""A change of what may be lifted is never passed off as one that changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from strategies import WEEK, resource

from clawforge.analysis.verdict import Verdict, judge
from clawforge.analysis.world import World
from clawforge.resource.meta import Resource

BASE = resource("Policy", "base", {"appliesTo": "everyone"})


def glass(words: str = "", **grant: Any) -> Resource:
    given = {"name": "shell", "tools": ["exec"], **grant}
    spec = {"appliesTo": "everyone", "description": words, "grants": [given]}
    return resource("ElevationPolicy", "glass", spec)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([BASE], [BASE, glass()], Verdict.UNKNOWN),
        ([BASE, glass()], [BASE], Verdict.UNKNOWN),
        ([BASE, glass()], [BASE, glass(maxTtl="8h")], Verdict.UNKNOWN),
        ([BASE, glass()], [BASE, glass("other words", description="others")], Verdict.EQUAL),
    ],
)
def test_it_is_unknown_unless_only_words_change(
    before: list[Resource], after: list[Resource], verdict: Verdict
) -> None:
    judged = judge(World(before, after, WEEK))
    assert judged.verdict is verdict
    assert any("lifted" in note for note in judged.unknown) is (verdict is Verdict.UNKNOWN)
