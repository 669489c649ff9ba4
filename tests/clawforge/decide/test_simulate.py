from __future__ import annotations

import pytest
from strategies import WEEK, resource

from clawforge.decide import simulate
from clawforge.decide.simulate import Simulator
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject


def test_whoever_asks_about_ever_new_classes_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"g{number}" for number in range(6)]
    resources = [resource("Policy", "base", {"appliesTo": "everyone"})]
    resources += [
        resource("Policy", name, {"mode": "overlay", "appliesTo": {"groups": [name]}, "tools": {"deny": [name]}})
        for name in names
    ]
    simulator = Simulator(OrgModel(resources), {})
    compiled = simulator._deciders
    monkeypatch.setattr(simulate, "_MOST_DECIDERS", 10)
    for mask in range(2 ** len(names)):
        groups = tuple(name for bit, name in enumerate(names) if mask >> bit & 1)
        judged = simulator.judge(Subject(user="ann", groups=groups), "g0", {}, WEEK).decision
        assert (judged.effect.value == "deny") == ("g0" in groups)
        assert len(compiled) <= 10
