"""Makes schemas/vectors/messages.json: what a heartbeat brings for the person at a machine, and what is shown of it.

`python tests/message_vectors.py` writes the file anew; do so only when the protocol changed on purpose. Answers are
made by the models of the server, with keys from fixed seeds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signing_world import DEV, NOON, SigningWorld, policy
from trust_vectors import CACHED

from clawforge.canonical import canonical_bytes
from clawforge.dsse import envelope_json, sign
from clawforge.keys import SigningKey
from clawforge.message import MESSAGE_TYPE, Message, sign_message
from clawforge.resource.meta import format_instant
from clawforge.wire import HeartbeatAnswer

FILE = Path(__file__).parents[1] / "schemas" / "vectors" / "messages.json"


class Conversation:
    """One agent that holds a policy. Minutes count from noon, 2026-11-20."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.world = SigningWorld([policy(offline=CACHED)])
        self.keys = envelope_json(self.world.keys(NOON))
        self.first = self.world.full(DEV, NOON)
        self.steps: list[dict[str, Any]] = []
        self.noted = 0

    def message(self, number: int, text: str = "", *, key: SigningKey | None = None, **more: Any) -> dict[str, Any]:
        """A signed message to the machine."""
        given = {"org": "acme", "instance": DEV.instance, "text": text or f"message {number}", "by": "user:ann", **more}
        message = Message(number=number, at=NOON, **given)
        return envelope_json(sign_message(message, key or self.world.online))

    def raw(self, number: int, **more: Any) -> dict[str, Any]:
        """A signed document that the model would not let through."""
        given = {"schema": "clawforge.message/v1", "org": "acme", "instance": DEV.instance, "number": number}
        body = {**given, "text": "hello", "by": "user:ann", "at": format_instant(NOON), **more}
        return envelope_json(sign(canonical_bytes(body), MESSAGE_TYPE, self.world.online))

    def answer(self, *messages: dict[str, Any]) -> dict[str, Any]:
        """What the server answers to a heartbeat."""
        lease = self.world.lease(DEV, NOON)
        unchanged = self.world.unchanged(DEV, NOON).lease
        assert isinstance(unchanged, dict)
        answer = HeartbeatAnswer(digest=lease.bundle, lease=unchanged, messages=messages)
        found: dict[str, Any] = answer.model_dump(by_alias=True, exclude=None if messages else {"messages"})
        return found

    def brings(
        self, minute: float, waits: int, answer: object, *refused: str, noted: int | None = None, polled: bool = False
    ) -> Conversation:
        """A poll whose header says that message `waits` waits, and the answer to the heartbeat after it. `noted` is
        given where it changes."""
        self.noted = noted or self.noted
        step: dict[str, Any] = {"at": format_instant(NOON + dt.timedelta(minutes=minute))}
        if polled:
            whole = self.world.full(DEV, NOON + dt.timedelta(minutes=minute))
            step["answer"] = {"keys": whole.keys, "bundle": whole.bundle, "lease": whole.lease}
        expect = {"refused": list(refused), "noted": self.noted}
        self.steps.append({**step, "waits": waits, "heartbeat": answer, "expect": expect})
        return self

    def quiet(self, minute: float) -> Conversation:
        """A poll that says of no message."""
        at = format_instant(NOON + dt.timedelta(minutes=minute))
        self.steps.append({"at": at, "waits": 0, "expect": {"refused": [], "noted": self.noted}})
        return self

    def restarts(self, minute: float) -> Conversation:
        """The agent ends without notice, and starts again."""
        self.steps.append({"at": format_instant(NOON + dt.timedelta(minutes=minute)), "restarts": True})
        return self

    def shows(self, minute: float, *shown: tuple[int, str]) -> Conversation:
        """The person looks, and is shown these."""
        at = format_instant(NOON)
        found = [{"number": number, "text": text, "by": "user:ann", "at": at} for number, text in shown]
        moment = format_instant(NOON + dt.timedelta(minutes=minute))
        self.steps.append({"at": moment, "looks": True, "expect": {"shown": found}})
        return self

    def document(self) -> dict[str, Any]:
        enrolled = {
            "org": self.world.org,
            "instance": DEV.instance,
            "user": DEV.user,
            "rootKey": self.world.enrolled(DEV, NOON).root_key,
            "keys": self.keys,
        }
        first = {"keys": self.first.keys, "bundle": self.first.bundle, "lease": self.first.lease}
        return {"name": self.name, "enrolled": enrolled, "held": first, "steps": self.steps}


def _shown() -> Iterator[Conversation]:
    one = Conversation("a message is shown once, and noted")
    one.brings(1, 1, one.answer(one.message(1, "The VPN is down.")), noted=1)
    yield one.shows(2, (1, "The VPN is down.")).shows(3).quiet(4).shows(5)

    one = Conversation("nothing waits, and nothing is shown")
    yield one.quiet(1).shows(2).brings(3, 1, one.answer()).shows(4)

    one = Conversation("several wait, and are shown in the order of their numbers")
    several = one.answer(one.message(3), one.message(5), one.message(4))
    yield one.brings(1, 5, several, noted=5).shows(2, (3, "message 3"), (4, "message 4"), (5, "message 5"))

    one = Conversation("a message that comes again is not shown again, before it was shown or after")
    again = one.answer(one.message(1))
    one.brings(1, 1, again, noted=1).brings(2, 1, again).shows(3, (1, "message 1"))
    yield (
        one.brings(4, 1, again)
        .shows(5)
        .brings(6, 2, one.answer(one.message(1), one.message(2)), noted=2)
        .shows(7, (2, "message 2"))
    )

    one = Conversation("an older number than one that was noted is not shown")
    yield (
        one.brings(1, 5, one.answer(one.message(5)), noted=5)
        .brings(2, 4, one.answer(one.message(4)))
        .shows(3, (5, "message 5"))
    )

    one = Conversation("what was noted and not shown outlives the process, what was shown does not come back")
    one.brings(1, 1, one.answer(one.message(1)), noted=1).restarts(2).shows(3, (1, "message 1"))
    yield one.quiet(4).restarts(5).shows(6).brings(7, 1, one.answer(one.message(1))).shows(8)

    one = Conversation("what was shown stays shown although another message cannot be verified")
    one.brings(1, 1, one.answer(one.message(1)), noted=1).shows(2, (1, "message 1"))
    foreign = one.message(2, key=one.world.root)
    yield one.brings(3, 2, one.answer(foreign), "unknown-key").restarts(4).shows(5)

    one = Conversation(
        "lines, and letters that a person's screen must not obey: shown, and escaped by whoever shows it"
    )
    text = "two\nlines \u202etxt.exe \u2066x\u2069 <b>&amp;</b> \u0085 \U0001f980"
    yield one.brings(1, 1, one.answer(one.message(1, text)), noted=1).shows(2, (1, text))


def _refused() -> Iterator[Conversation]:
    one = Conversation("what nobody of the org said is not shown, and hides nothing")
    good, other = one.message(2, "genuine"), one.message(3, "other")
    forged = [
        {**good, "signatures": []},
        {**good, "payload": other["payload"]},
        one.message(9, key=SigningKey(bytes(range(32)))),
        one.message(9, key=one.world.root),
        one.message(9, instance="i-2"),
        one.message(9, org="other"),
        one.answer()["lease"],
    ]
    codes = ("bad-envelope", "bad-signature", "unknown-key", "unknown-key", "foreign-instance", "foreign-instance")
    one.brings(1, 9, one.answer(*forged, good), *codes, "wrong-type", noted=2)
    yield one.shows(2, (2, "genuine"))

    one = Conversation("signed text that is no message")
    wrong = [
        one.raw(1, text="\u001b[2J"),
        one.raw(1, text="a\rb"),
        one.raw(1, text=""),
        one.raw(1, text="x" * 1_001),
        one.raw(1, more=1),
        one.raw(1, schema="clawforge.message/v2"),
        one.raw(-1),
    ]
    yield one.brings(1, 1, one.answer(*wrong), *["bad-document"] * len(wrong)).shows(2)

    one = Conversation("an answer that is none says nothing, and the message comes with the next")
    one.brings(1, 1, {}).brings(2, 1, "<html>Sign in to the hotel</html>").brings(3, 1, None).brings(4, 1, [])
    yield one.shows(5).brings(6, 1, one.answer(one.message(1)), noted=1).shows(7, (1, "message 1"))

    one = Conversation("a message by a new online key is shown once the key is known")
    one.world.rotate("second online key")
    one.world.key_set_lifetime += dt.timedelta(days=30)
    one.brings(1, 1, one.answer(one.message(1)), "unknown-key").shows(2)
    yield one.brings(3, 1, one.answer(one.message(1)), noted=1, polled=True).shows(4, (1, "message 1"))


def conversations() -> list[dict[str, Any]]:
    """All of them, in the order of the file."""
    return [one.document() for one in (*_shown(), *_refused())]


def text() -> str:
    """The file: a line for every step."""
    parts = []
    for one in conversations():
        steps = ",\n".join(f"    {json.dumps(step)}" for step in one["steps"])
        head = ", ".join(f'"{key}": {json.dumps(one[key])}' for key in ("name", "enrolled", "held"))
        parts.append(f'  {{{head}, "steps": [\n{steps}\n  ]}}')
    return '{"conversations": [\n' + ",\n".join(parts) + "\n]}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
