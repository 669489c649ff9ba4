"""An elevation lifts base and overlays for its tools, agents and time, and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.bundle import BUNDLE_TYPE, Bundle, bundle_json, open_bundle
from clawforge.canonical import canonical_bytes
from clawforge.decide.decider import Decider
from clawforge.decide.request import Decision, InstanceFacts, KillOrder, Request, Runtime
from clawforge.decide.simulate import Simulator
from clawforge.dsse import sign
from clawforge.effective import Effective
from clawforge.errors import UntrustedError
from clawforge.keys import KeySet, decode_public_key, encode_public_key, open_key_set
from clawforge.overlay.elevated import Present, decide_lifted, is_in_force
from clawforge.overlay.runtime_overlay import RuntimeOverlay, TemporaryGrant, overlay_json, overlays_digest
from clawforge.resolve.org import OrgModel
from clawforge.resource.policy_test import Effect

FACTS = InstanceFacts(workspace="/w", home="/home/dev")
NOTHING = {"tools": {"allow": []}, "exec": {"mode": "deny"}, "mcp": {"allow": []}}
MINUTE = dt.timedelta(minutes=1)


def effective(enforced: dict[str, Any] | None = None, floor: dict[str, Any] | None = None, **more: Any) -> Effective:
    body = {"schema": "clawforge.effective/v1", "enforced": enforced or NOTHING, "floor": floor or {}, **more}
    return Effective.model_validate_json(orjson.dumps(body), strict=True)


def decide(
    overlays: tuple[RuntimeOverlay, ...],
    tool: str = "exec",
    *,
    policy_: Effective | None = None,
    after: float = 10,
    kill: tuple[KillOrder, ...] = (),
    facts: InstanceFacts = FACTS,
    **request: Any,
) -> Decision:
    at = NOON + after * MINUTE
    params = {"command": "make"} if tool == "exec" else {}
    asked = Request(**{"tool": tool, "user": "dev", "params": params, "at": at, **request})
    decider = Decider(policy_ or effective())
    return decide_lifted(decider, asked, overlays, present=Present.sure(at), facts=facts, runtime=Runtime(kill=kill))


def lifts(overlays: tuple[RuntimeOverlay, ...], tool: str = "exec", **more: Any) -> bool:
    decision = decide(overlays, tool, **more)
    recorded = any(record.code == "elevated" for record in decision.obligations.record)
    assert recorded is (decision.effect is Effect.ALLOW)
    return recorded


def test_it_lifts_its_tools_for_its_time_and_each_use_is_recorded() -> None:
    decision = decide((elevation(ticket="INC-1"),))
    assert decision.effect is Effect.ALLOW
    (record,) = decision.obligations.record
    assert (record.code, record.resource) == ("elevated", "elevation/el-1")
    assert record.message == (
        "Judged by the guardrails alone: the elevation el-1 (repair) of dev holds until 2026-11-20T12:30:00Z, "
        "ticket INC-1. Reason: incident"
    )
    assert not lifts((elevation(),), "write")
    assert [lifts((elevation(),), after=after) for after in (-0.1, 0, 29.99, 30)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("more", "request_", "lifted"),
    [
        ({"agents": ("main",)}, {"agent": "main"}, True),
        ({"agents": ("main",)}, {"agent": "helper"}, False),
        ({"agents": ("main",)}, {}, False),
        ({"context": "work"}, {"context": "work"}, True),
        ({"context": "work"}, {"context": "home"}, False),
        ({"context": "work"}, {}, False),
        ({"user": "boss"}, {}, False),
        ({"tools": ("group:runtime",)}, {}, True),
        ({"tools": ("bash",)}, {}, True),
        ({"tools": ("ex*",)}, {}, True),
        ({"tools": ("group:nonsense",)}, {}, False),
        ({"tools": ("*",), "never": ("exec",)}, {}, False),
        ({"tools": ("*",), "never": ("group:runtime",)}, {}, False),
        ({"tools": ("*",), "never": ("bash",)}, {}, False),
        ({"tools": ("*",), "never": ("group:nonsense",)}, {}, False),
        ({"tools": ("*",), "never": ("process",)}, {}, True),
    ],
)
def test_what_it_concerns(more: dict[str, Any], request_: dict[str, Any], lifted: bool) -> None:
    assert lifts((elevation(**more),), **request_) is lifted


def test_a_name_that_only_looks_like_a_tool_is_never_lifted_for_it() -> None:
    assert not lifts((elevation(),), "Exec", facts=FACTS.model_copy(update={"host": "unknown-host"}))
    assert not lifts((elevation(tools=("*",), never=("exec",)),), "E X E C")
    assert lifts(
        (elevation(),), "Bash", facts=FACTS.model_copy(update={"host": "claude-code"}), params={"command": "x"}
    )


def test_guardrails_kill_revocations_and_dlp_hold() -> None:
    guarded = effective(floor={"tools": {"deny": ["exec"]}})
    assert decide((elevation(),), policy_=guarded).effect is Effect.DENY
    for scope in ("org", "instance:i-1", "tool:exec", "tool:group:runtime"):
        killed = decide((elevation(),), kill=(KillOrder(scope=scope),), instance="i-1")
        assert killed.reasons[0].code == "kill-switch"
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64 + "\n-----END RSA PRIVATE KEY-----"
    rule = {
        "resource": "DlpRuleSet/d",
        "id": "keys",
        "detector": "private-key",
        "action": "block",
        "severity": "high",
        "message": "",
    }
    leaky = decide((elevation(),), policy_=effective(dlp={"rules": [rule]}), params={"command": key})
    assert leaky.reasons[0].code == "dlp-block"


def test_of_several_the_longest_is_named_and_a_temporary_grant_lifts_too() -> None:
    short, long = elevation(1, minutes=(0, 20)), elevation(2, minutes=(5, 40))
    assert decide((short, long)).obligations.record[0].resource == "elevation/el-2"
    given_ = TemporaryGrant.model_validate({**short.model_dump(), "kind": "grant", "id": "g-1"})
    record = decide((given_,)).obligations.record[0]
    assert record.resource == "grant/g-1"
    assert "the temporary grant g-1 (repair)" in record.message


@given(*(st.floats(-60, 60) for _ in range(4)))
def test_a_doubtful_clock_makes_it_shorter_never_longer(one: float, other: float, sure: float, length: float) -> None:
    overlay = elevation(minutes=(0, max(1.0, abs(length))))
    earliest, latest = NOON + min(one, other) * MINUTE, NOON + max(one, other) * MINUTE
    truth = min(max(NOON + sure * MINUTE, earliest), latest)
    if is_in_force(overlay, Present(earliest, latest)):
        assert is_in_force(overlay, Present.sure(truth))
    assert is_in_force(overlay, Present(latest, earliest)) is is_in_force(overlay, Present(earliest, latest))


def test_one_that_ends_before_it_begins_or_lasts_too_long_is_no_overlay() -> None:
    for minutes in ((0, 0), (5, 4), (0, 8 * 60 + 1)):
        with pytest.raises(ValidationError):
            elevation(minutes=minutes)
    assert elevation(minutes=(0, 8 * 60)).until == NOON + 480 * MINUTE


def keys_of(world: SigningWorld) -> KeySet:
    root = decode_public_key(encode_public_key(world.root.public))
    return open_key_set(world.keys(NOON), root, org=world.org)


def test_a_bundle_carries_them_and_an_unknown_kind_makes_it_refused() -> None:
    world = SigningWorld()
    world.set_overlays(elevation(2, minutes=(5, 20)), elevation(1))
    bundle = world.bundle(DEV, NOON)
    assert [overlay.id for overlay in bundle.overlays] == ["el-1", "el-2"]
    body = bundle_json(bundle)
    assert body["overlays"] == [overlay_json(overlay) for overlay in bundle.overlays]
    assert open_bundle(
        sign(canonical_bytes(body), "application/vnd.clawforge.bundle+json", world.online), keys_of(world)
    )
    for wrong in ({**body["overlays"][0], "kind": "pause"}, {**body["overlays"][0], "until": "2027-01-01T00:00:00Z"}):
        raw = canonical_bytes({**body, "overlays": [wrong]})
        with pytest.raises(UntrustedError) as caught:
            open_bundle(sign(raw, BUNDLE_TYPE, world.online), keys_of(world))
        assert caught.value.code == "bad-document"


def test_more_overlays_than_a_bundle_may_carry_cost_nobody_the_bundle() -> None:
    world = SigningWorld()
    world.set_overlays(*(elevation(number, minutes=(number, 200)) for number in range(100)))
    assert [overlay.id for overlay in world.bundle(DEV, NOON).overlays] == [f"el-{number}" for number in range(64)]


def test_nothing_is_lifted_for_a_suspended_user() -> None:
    world = SigningWorld([policy(), resource("User", "dev", {"email": "dev@acme.example", "state": "suspended"})])
    world.set_overlays(elevation())
    assert world.bundle(DEV, NOON).overlays == ()


def test_the_digest_of_none_is_that_of_an_empty_list() -> None:
    assert overlays_digest(()) == "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    assert len({overlays_digest(()), overlays_digest((elevation(),)), overlays_digest((elevation(2),))}) == 3


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60), st.integers(1, 60)), max_size=4))
def test_a_bundle_survives_the_wire_with_its_overlays(drawn: list[tuple[int, int, int]]) -> None:
    world = SigningWorld()
    world.set_overlays(*(elevation(number, minutes=(start, start + length)) for number, start, length in drawn))
    bundle = world.bundle(DEV, NOON)
    read = Bundle.model_validate_json(canonical_bytes(bundle_json(bundle)), strict=True)
    assert read.overlays == bundle.overlays
    assert overlays_digest(read.overlays) == overlays_digest(bundle.overlays)


def test_the_simulator_knows_them() -> None:
    simulator = Simulator(OrgModel([policy(tools={"deny": ["exec"]})]), {})
    at = NOON + MINUTE
    judged = simulator.judge(DEV, "exec", {"command": "ls"}, at, overlays=(elevation(),)).decision
    assert judged.effect is Effect.ALLOW
    assert simulator.judge(DEV, "exec", {"command": "ls"}, at).decision.effect is Effect.DENY
