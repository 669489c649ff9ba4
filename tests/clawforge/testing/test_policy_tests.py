"""What is said about a case that failed."""

from __future__ import annotations

import json

import pytest

from clawforge.decide.simulate import Simulator
from clawforge.policy_tests import run_policy_tests
from clawforge.resolve.org import OrgModel
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import PolicyTest


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("exec-denied", "expected the reason exec-denied, got tool-denied"),
        (
            "tool-deny",
            "expected the reason tool-deny, got tool-denied; there is no such reason: did you mean tool-denied?",
        ),
        ("because", "expected the reason because, got tool-denied; there is no such reason"),
    ],
)
def test_a_reason_that_does_not_exist_is_called_so(reason: str, said: str) -> None:
    head = {"apiVersion": "clawforge/v1"}
    policy = Policy.model_validate(
        head
        | {
            "kind": "Policy",
            "metadata": {"name": "p"},
            "spec": {"appliesTo": "everyone", "tools": {"deny": ("read",)}},
        }
    )
    case = {
        "name": "c",
        "subject": {"user": "ada"},
        "call": {"tool": "read"},
        "expect": {"effect": "deny", "reason": reason},
    }
    test = PolicyTest.model_validate_json(
        json.dumps(head | {"kind": "PolicyTest", "metadata": {"name": "t"}, "spec": {"cases": [case]}})
    )
    (result,) = run_policy_tests([test], Simulator(OrgModel([policy, test]), {}))
    assert result.failure == said
