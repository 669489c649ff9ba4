"""Makes schemas/vectors/trust.json: what an agent is told, and what it must believe of it.

`python tests/trust_vectors.py` writes the file anew; do so only when the protocol changed on purpose. Keys are derived
from fixed seeds and Ed25519 is deterministic, so unchanged sequences keep every byte.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.bundle import BUNDLE_TYPE, bundle_json
from clawforge.canonical import canonical_bytes
from clawforge.dsse import envelope_json, sign
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge.trust import Answer

FILE = Path(__file__).parents[1] / "schemas" / "vectors" / "trust.json"
CACHED = {"mode": "cached", "lease": "5m", "maxStale": "1h"}
BLOCK = {"mode": "block", "lease": "5m", "maxStale": "1h"}
NEIGHBOUR = Subject(user="dev", instance="i-2")
MAKE = {"tool": "exec", "params": {"command": "make"}}


class Sequence:
    """One agent from its enrolment on. Minutes count from noon, 2026-11-20."""

    def __init__(self, name: str, keys_last: int = 365 * 24 * 60, **spec: Any) -> None:
        self.name = name
        self.world = SigningWorld([policy(offline=CACHED, **spec)])
        self.world.key_set_lifetime = dt.timedelta(minutes=keys_last)
        self.keys = envelope_json(self.world.keys(NOON))
        self.steps: list[dict[str, Any]] = []

    def full(self, minute: float = 0, subject: Subject = DEV) -> Answer:
        return self.world.full(subject, NOON + dt.timedelta(minutes=minute))

    def unchanged(self, minute: float = 0) -> Answer:
        return self.world.unchanged(DEV, NOON + dt.timedelta(minutes=minute))

    def hears(self, minute: float, answer: Answer | None, refused: str | None = None, **effects: str) -> Sequence:
        """An answer at a minute, whether it is refused, and what calls get then. None: nobody says anything."""
        step: dict[str, Any] = {"at": format_instant(NOON + dt.timedelta(minutes=minute))}
        if answer is not None:
            parts = {"keys": answer.keys, "bundle": answer.bundle, "lease": answer.lease}
            step["answer"] = {name: part for name, part in parts.items() if part is not None}
            step["expect"] = {"accepted": True} if refused is None else {"refused": refused}
        step["calls"] = [{**(MAKE if tool == "exec" else {"tool": tool}), "effect": effects[tool]} for tool in effects]
        self.steps.append(step)
        return self

    def document(self) -> dict[str, Any]:
        enrolled = {
            "org": self.world.org,
            "instance": DEV.instance,
            "user": DEV.user,
            "rootKey": self.world.enrolled(DEV, NOON).root_key,
            "keys": self.keys,
        }
        return {"name": self.name, "enrolled": enrolled, "steps": self.steps}


def _ordinary() -> Iterator[Sequence]:
    one = Sequence("a bundle, then a lease that renews it", tools={"deny": ["exec"]})
    yield one.hears(0, one.full(), read="allow", exec="deny").hears(4, one.unchanged(4), read="allow")

    one = Sequence("nothing is allowed before the first bundle")
    yield one.hears(0, None, read="deny").hears(0, one.unchanged(), "nothing-held", read="deny")

    one = Sequence("mode cached goes on until maxStale after the lease was issued")
    one.hears(0, one.full(), read="allow").hears(59, None, read="allow").hears(60, None, read="deny")
    yield one.hears(61, one.unchanged(61), read="allow")

    one = Sequence("mode block ends with the lease")
    one.world.publish(policy(offline=BLOCK))
    yield one.hears(0, one.full(), read="allow").hears(4.99, None, read="allow").hears(5, None, read="deny")

    window = {"from": "2026-11-20T12:30:00Z", "until": "2026-11-20T12:40:00Z"}
    overlay = {
        "mode": "overlay",
        "appliesTo": "everyone",
        "tools": {"deny": ["read"]},
        "schedule": {"windows": [window]},
    }
    one = Sequence("a schedule switches without the server")
    one.world.publish(policy(offline=CACHED), resource("Policy", "pause", {"appliesTo": "everyone", **overlay}))
    one.hears(0, one.full(), read="allow").hears(29.9, None, read="allow").hears(30, None, read="deny")
    yield one.hears(40, None, read="allow")


def _killed() -> Iterator[Sequence]:
    one = Sequence("a kill stays until a newer signed lease without it")
    before = one.full()
    one.hears(0, before, read="allow")
    one.world.set_kill("org")
    killed = one.unchanged(1)
    one.hears(1, killed, read="deny")
    one.hears(2, before, "rollback", read="deny").hears(
        2, replace(before, keys=None, bundle=None), "rollback", read="deny"
    )
    one.hears(3, Answer(lease={}), "bad-envelope", read="deny").hears(3, killed, read="deny")
    one.world.set_kill()
    yield one.hears(4, one.unchanged(4), read="allow").hears(5, killed, "rollback", read="allow")

    one = Sequence("the kill of a refused answer counts")
    one.hears(0, one.full(), read="allow")
    one.world.set_kill("org")
    mixed = replace(one.full(1), bundle=one.full(1, NEIGHBOUR).bundle)
    one.hears(1, mixed, "foreign-instance", read="deny")
    yield one.hears(2, one.full(2), read="deny")

    one = Sequence("a kill of a tool and of a group")
    one.world.set_kill("tool:exec")
    one.hears(0, one.full(), read="allow", exec="deny")
    one.world.set_kill("group:eng", "tool:exec")
    one.hears(1, one.unchanged(1), read="deny")
    one.world.set_kill("group:finance", "instance:i-2")
    yield one.hears(2, one.unchanged(2), read="allow", exec="allow")

    one = Sequence("a kill outlasts the lease that brought it")
    one.world.set_kill("org")
    yield one.hears(0, one.full(), read="deny").hears(59, None, read="deny").hears(600, None, read="deny")


def _refused() -> Iterator[Sequence]:
    one = Sequence("an older bundle is refused, and the same serial with other content")
    old = one.full()
    one.hears(0, old, read="allow")
    counters = one.world.counters
    one.world.publish(policy(offline=CACHED, tools={"deny": ["read"]}))
    one.hears(1, one.full(1), read="deny").hears(2, old, "rollback", read="deny")
    one.world.publish(policy(offline=CACHED))
    one.world.counters = one.world.counters._replace(serial=counters.serial + 1)
    yield one.hears(3, one.full(3), "same-serial-other-digest", read="deny")

    one = Sequence("documents of others are refused", tools={"deny": ["exec"]})
    one.hears(0, one.full(), exec="deny")
    namesake = SigningWorld(org="other")
    namesake.root, namesake.online = one.world.root, one.world.online
    one.hears(1, one.full(1, NEIGHBOUR), "foreign-instance", exec="deny")
    one.hears(1, replace(namesake.full(DEV, NOON), keys=None), "foreign-org", exec="deny")
    thief = SigningWorld()
    thief.online = namesake.root
    one.hears(1, replace(thief.full(DEV, NOON), keys=one.keys), "unknown-key", exec="deny")
    lease, other = _envelope(one.unchanged(1).lease), _envelope(one.unchanged(2).lease)
    one.hears(1, Answer(lease={**lease, "payload": other["payload"]}), "bad-signature", exec="deny")
    one.hears(1, Answer(lease=one.full(1).bundle), "wrong-type", exec="deny")
    one.hears(1, Answer(lease={**lease, "signatures": []}), "bad-envelope", exec="deny")
    one.hears(1, Answer(lease={**lease, "more": 1}), "bad-envelope", exec="deny")
    one.world.publish(policy(offline=CACHED))
    yield one.hears(2, one.unchanged(2), "lease-bundle-mismatch", exec="deny").hears(3, one.full(3), exec="allow")

    one = Sequence("the online key is replaced, and the old one is good for nothing")
    one.hears(0, one.full(), read="allow")
    before = one.unchanged(2)
    one.world.rotate("second online key")
    one.world.key_set_lifetime += dt.timedelta(days=30)
    one.hears(1, one.unchanged(1), "unknown-key", read="allow").hears(1, one.full(1), read="allow")
    one.hears(2, before, "unknown-key", read="allow")
    yield one.hears(2, replace(before, keys=one.keys), "rollback", read="allow")

    one = Sequence("after a recovery the epoch counts, whatever the serial")
    one.world.counters = one.world.counters._replace(serial=900)
    old = one.full()
    one.hears(0, old, read="allow")
    one.world.recover("third online key")
    one.world.publish(policy(offline=CACHED, tools={"deny": ["read"]}))
    one.hears(1, one.full(1), read="deny")
    yield one.hears(2, replace(old, keys=None), "unknown-key", read="deny").hears(2, old, "rollback", read="deny")

    one = Sequence("a key set that ended vouches for nothing new", keys_last=10)
    one.hears(0, one.full(), read="allow").hears(9, one.unchanged(9), read="allow")
    yield one.hears(10, one.unchanged(10), "expired-keyset", read="allow")

    one = Sequence("the root alone raises the epoch")
    one.hears(0, one.full(), read="allow")
    one.world.counters = one.world.counters._replace(epoch=2)
    yield one.hears(1, replace(one.full(1), keys=None), "epoch-mismatch", read="allow")


def _lifted() -> Iterator[Sequence]:
    one = Sequence("an elevation lifts its tools until its end, without the server", tools={"deny": ["exec", "write"]})
    one.world.set_overlays(elevation(minutes=(10, 30)))
    one.hears(0, one.full(), exec="deny").hears(10, None, exec="allow", write="deny")
    yield one.hears(29.9, None, exec="allow").hears(30, None, exec="deny", read="allow")

    one = Sequence("a kill wins over an elevation, and no guardrail is lifted", tools={"deny": ["exec"]})
    guardrail = {"mode": "guardrail", "appliesTo": "everyone", "tools": {"deny": ["gateway"]}}
    one.world.publish(policy(offline=CACHED, tools={"deny": ["exec"]}), resource("Policy", "control", guardrail))
    one.world.set_overlays(elevation(tools=("exec", "gateway")))
    one.hears(0, one.full(), exec="allow", gateway="deny")
    one.world.set_kill("tool:exec")
    one.hears(1, one.unchanged(1), exec="deny")
    one.world.set_kill()
    yield one.hears(2, one.unchanged(2), exec="allow", gateway="deny")

    one = Sequence("an elevation that is taken back needs the whole answer", tools={"deny": ["exec"]})
    one.world.set_overlays(elevation())
    lifted = one.full()
    one.hears(0, lifted, exec="allow")
    one.world.set_overlays()
    one.hears(1, one.unchanged(1), "lease-bundle-mismatch", exec="allow").hears(1, one.full(1), exec="deny")
    yield one.hears(2, lifted, "rollback", exec="deny")

    one = Sequence("an elevation of somebody else, of another agent, of another context", tools={"deny": ["exec"]})
    one.world.set_overlays(
        elevation(1, user="boss"), elevation(2, agents=("main",)), elevation(3, context="work", never=("exec",))
    )
    yield one.hears(0, one.full(), exec="deny")

    one = Sequence(
        "a bundle with an overlay of an unknown kind is refused, and its kill counts", tools={"deny": ["exec"]}
    )
    one.hears(0, one.full(), read="allow")
    one.world.set_overlays(elevation())
    one.world.set_kill("org")
    body = bundle_json(one.world.bundle(DEV, NOON))
    body["overlays"][0]["kind"] = "pause"
    unknown = envelope_json(sign(canonical_bytes(body), BUNDLE_TYPE, one.world.online))
    yield one.hears(1, replace(one.full(1), bundle=unknown), "bad-document", read="deny")


def _envelope(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def sequences() -> list[dict[str, Any]]:
    """All of them, in the order of the file."""
    found = [*_ordinary(), *_killed(), *_refused(), *_lifted()]
    return [sequence.document() for sequence in found]


def text() -> str:
    """The file: a line for every step."""
    parts = []
    for sequence in sequences():
        steps = ",\n".join(f"    {json.dumps(step)}" for step in sequence["steps"])
        head = f'  {{"name": {json.dumps(sequence["name"])}, "enrolled": {json.dumps(sequence["enrolled"])}, "steps": ['
        parts.append(f"{head}\n{steps}\n  ]}}")
    return '{"sequences": [\n' + ",\n".join(parts) + "\n]}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
