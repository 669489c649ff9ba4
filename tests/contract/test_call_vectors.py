"""The vectors of whole calls through the library."""

from __future__ import annotations

import pytest
from call_vectors import CallVector, call_vectors

from clawforge.decide.simulate import Simulator
from clawforge.resolve.org import OrgModel


@pytest.mark.parametrize("vector", call_vectors(), ids=lambda vector: vector.name)
def test_through_the_library(vector: CallVector) -> None:
    simulator = Simulator(OrgModel(vector.resources), {})
    for call in vector.calls:
        call.check(simulator.judge(vector.subject, call.tool, call.params, vector.at).decision)
