"""Makes schemas/vectors/events.json: what a stream of events says, and what its reader must believe and do.

`python tests/event_vectors.py` writes the file anew; do so only when the protocol changed on purpose. What the server
says is made by the server's own stream and its own data, with keys from fixed seeds.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signing_world import DEV, NOON, SigningWorld, policy
from trust_vectors import CACHED, MAKE, NEIGHBOUR

from clawforge.dsse import envelope_json
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge.wire_events import EventName
from clawforge_server.routes.agent_events import OPENING
from clawforge_server.state.agent_events import event_data
from clawforge_server.state.event_streams import EventStream
from clawforge_server.state.offers import Offer

FILE = Path(__file__).parents[1] / "schemas" / "vectors" / "events.json"
LONGEST = 256 * 1024
TOLD = (1, 1)
"""The counters that the streams of all sessions begin with."""


class Session:
    """One agent that holds a policy and listens. Seconds count from noon, 2026-11-20."""

    def __init__(self, name: str, **spec: Any) -> None:
        self.name = name
        self.world = SigningWorld([policy(offline=CACHED, **spec)])
        self.keys = envelope_json(self.world.keys(NOON))
        self.first = self.world.full(DEV, NOON)
        self.steps: list[dict[str, Any]] = []
        self.resume: str | None = None
        self.open(TOLD)
        self.told()  # before the first step: the stream speaks of changes from now on

    def open(self, told: tuple[int, int] | None) -> str:
        """Another stream of the server, for a reader that was told so much; what it begins with."""
        self.stream = EventStream("acme", "i-1", "", told, 0.0)
        return OPENING.decode()

    def told(self, second: float = 0, *asked: EventName, subject: Subject = DEV) -> str:
        """What the server's stream says of the present state."""
        offer, now = self._offer(), NOON + dt.timedelta(seconds=second)
        assert subject.instance is not None
        data = event_data("acme", subject.instance, offer, self.world.online, now)
        self.stream.tell(offer, data, second, asked=frozenset(asked))
        return self._said()

    def pinged(self) -> str:
        self.stream.ping(0.0)
        return self._said()

    def ended(self, code: str) -> str:
        self.stream.end(code)
        return self._said()

    def _said(self) -> str:
        return asyncio.run(self.stream.chunk())[0].decode()

    def _offer(self) -> Offer:
        counters, lease = self.world.counters, self.world.lease(DEV, NOON)
        seconds = int((lease.until - lease.issued_at).total_seconds())
        return Offer(
            counters.epoch, counters.serial, counters.revision, lease.bundle, seconds, lease.kill, lease.overlays
        )

    def hears(
        self,
        second: float,
        text: str | None = None,
        *heard: str,
        asks: str = "",
        resume: str | None = None,
        connected: bool = True,
        polled: bool = False,
        connects: bool = False,
        ends: bool = False,
        **effects: str,
    ) -> Session:
        """What comes at a second, and what is made of it; None for the text: nothing comes. `resume` is given where it
        changes."""
        self.resume = resume or self.resume
        step: dict[str, Any] = {"at": format_instant(NOON + dt.timedelta(seconds=second))}
        step |= {name: True for name, holds in (("ends", ends), ("connects", connects)) if holds}
        if text is not None:
            step["text"] = text
        if polled:
            whole = self.world.full(DEV, NOON + dt.timedelta(seconds=second))
            step["answer"] = {"keys": whole.keys, "bundle": whole.bundle, "lease": whole.lease}
        step["expect"] = {"heard": list(heard), "asks": asks.split(), "connected": connected, "resume": self.resume}
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
        first = {"keys": self.first.keys, "bundle": self.first.bundle, "lease": self.first.lease}
        return {"name": self.name, "enrolled": enrolled, "held": first, "steps": self.steps}


def changed(text: str, **lease: Any) -> str:
    """The event with other members in its lease's envelope."""
    head, _, data = text.partition("data: ")
    document = json.loads(data)
    return f"{head}data: {json.dumps({**document, 'lease': {**document['lease'], **lease}})}\n\n"


def _told() -> Iterator[Session]:
    one = Session("a lease that is renewed asks for nothing, and a comment for less")
    one.hears(1, one.told(1), "accepted", resume="1-1", read="allow").hears(16, one.pinged(), read="allow")

    yield one

    one = Session("a kill counts at once, and stays when the line is dead", tools={"deny": ["write"]})
    one.hears(1, one.told(1), "accepted", resume="1-1", read="allow")
    one.world.set_kill("org")
    one.hears(2, one.told(2), "accepted", resume="1-2", read="deny")
    one.hears(60, None, connected=False, resume="1-2", read="deny")
    text = one.open((1, 2)) + one.told(61)
    yield one.hears(61, text, "accepted", connects=True, resume="1-2", read="deny")

    one = Session("a kill of a tool, and its end")
    one.world.set_kill("tool:exec")
    one.hears(1, one.told(1), "accepted", resume="1-2", read="allow", exec="deny")
    one.world.set_kill()
    yield one.hears(2, one.told(2), "accepted", resume="1-3", exec="allow")

    one = Session("another policy has to be fetched, and counts when it is there")
    one.world.publish(policy(offline=CACHED, tools={"deny": ["exec"]}))
    one.hears(1, one.told(1), "lease-bundle-mismatch", asks="poll", resume="1-2", exec="allow")
    yield one.hears(2, None, polled=True, resume="1-2", exec="deny", read="allow")

    one = Session("the kill beside another policy does not wait for it")
    one.world.publish(policy(offline=CACHED, tools={"deny": ["exec"]}))
    one.world.set_kill("org")
    mismatch = ["lease-bundle-mismatch"] * 2
    one.hears(1, one.told(1), *mismatch, asks="poll", resume="1-3", read="deny")
    yield one.hears(2, None, polled=True, resume="1-3", read="deny")

    one = Session("what somebody wants of the agent")
    one.hears(1, one.told(1, "refresh"), "accepted", resume="1-1", asks="heartbeat poll")
    one.hears(2, one.told(2, "message"), "accepted", asks="heartbeat")
    yield one.hears(3, one.told(3, "message", "refresh"), "accepted", "accepted", asks="heartbeat poll")

    one = Session("the end of the stream says why, and is no reason to allow or deny")
    yield one.hears(1, one.ended("credential-ended"), asks="poll", connected=False, read="allow")


def _doubted() -> Iterator[Session]:
    one = Session("a lease without a signature, with a foreign one, and with another content")
    one.world.set_kill("org")
    one.hears(1, one.told(1), "accepted", resume="1-2", read="deny")
    one.world.set_kill()
    off = one.told(2)
    one.hears(2, changed(off, signatures=[]), "bad-envelope", resume="1-2", read="deny")
    thief = SigningWorld()
    thief.online, thief.counters = thief.root, one.world.counters
    stolen = envelope_json(one.world.keys(NOON))["signatures"]
    one.hears(3, changed(off, signatures=stolen), "unknown-key", asks="poll", resume="1-2", read="deny")
    earlier = json.loads(one.told(1).partition("data: ")[2])["lease"]["signatures"]
    one.hears(4, changed(off, signatures=earlier), "bad-signature", resume="1-2", read="deny")
    yield one.hears(5, off, "accepted", resume="1-3", read="allow")

    one = Session("an event of an hour ago, and one for another machine")
    before = one.told(1)
    one.world.set_kill("org")
    one.hears(2, one.told(2), "accepted", resume="1-2", read="deny").hears(3, before, "rollback", resume="1-2")
    one.world.set_kill()
    other = one.told(4, subject=NEIGHBOUR)
    yield one.hears(4, other, "foreign-instance", resume="1-2", read="deny")

    one = Session("an event whose data are none: text, a list, no lease, a proxy's page")
    texts = ("data: hello", "data: []", "data: {}", 'data: {"lease": null}', "data: <html>\ndata: <body>")
    said = "".join(f"id: 1-9\nevent: kill\n{text}\n\n" for text in texts)
    yield one.hears(1, said, "bad-event", "bad-event", "bad-event", "bad-envelope", "bad-event", read="allow")

    one = Session("only the lease is signed: what stands beside it means nothing")
    one.world.set_kill("org")
    head, _, data = one.told(1).partition("data: ")
    lying = {**json.loads(data), "digest": "sha256:" + "0" * 64, "serial": 999, "revision": 999}
    yield one.hears(1, f"{head}data: {json.dumps(lying)}\n\n", "accepted", resume="1-2", read="deny")

    one = Session("an event of an unknown name: its lease counts, its name does not")
    one.world.set_kill("org")
    later = one.told(1).replace("event: kill", "event: quarantine")
    one.hears(1, later, "accepted", resume="1-2", read="deny")
    yield one.hears(2, "event: weather\ndata: fine\n\n", "bad-event", resume="1-2", read="deny")

    one = Session("an event of another name that tells of a kill: the lease says so, not the name")
    one.world.set_kill("org")
    quiet = one.told(1).replace("event: kill", "event: lease")
    yield one.hears(1, quiet, "accepted", resume="1-2", read="deny")

    one = Session("a new online key: the event cannot be verified, the poll brings the key")
    one.world.rotate("second online key")
    one.world.key_set_lifetime += dt.timedelta(days=30)
    one.world.set_kill("org")
    one.hears(1, one.told(1), "unknown-key", asks="poll", read="allow")
    yield one.hears(2, None, polled=True, read="deny")


def _lines() -> Iterator[Session]:
    one = Session("45 seconds of silence are the end of the line, a comment is not silence")
    one.hears(0, one.told(0), "accepted", resume="1-1").hears(44.9, None).hears(44.9, one.pinged())
    yield one.hears(89.8, None).hears(89.9, None, connected=False, read="allow")

    one = Session("half an event is none, whatever the next line begins with")
    one.world.set_kill("org")
    told = one.told(1)
    half = len(told) // 2
    one.hears(1, told[:half], read="allow")
    one.hears(2, None, ends=True, connected=False, read="allow")
    one.hears(3, told[half:], connects=True, read="allow")
    yield one.hears(4, one.told(4), "accepted", resume="1-2", read="deny")

    one = Session("who comes back is told the present state, whatever was missed")
    one.hears(1, one.told(1), "accepted", resume="1-1").hears(2, None, ends=True, connected=False)
    one.world.set_kill("org")
    one.world.publish(policy(offline=CACHED, tools={"deny": ["exec"]}))
    text = one.open(TOLD) + one.told(9)
    mismatch = ["lease-bundle-mismatch"] * text.count("event: ")
    one.hears(9, text, *mismatch, asks="poll", connects=True, resume="1-3", read="deny")
    text = one.open((1, 3)) + one.told(10)
    yield one.hears(10, text, *mismatch[:1], asks="poll", connects=True, resume="1-3", read="deny")


def streams() -> list[dict[str, Any]]:
    """Texts and the events in them."""

    def text(name: str, said: str | list[Any], *events: tuple[str, str, str], **more: Any) -> dict[str, Any]:
        found = [{"id": id_, "name": named, "data": data} for id_, named, data in events]
        return {"name": name, "text": said, "expect": {"events": found, **more}}

    one = ("1-2", "kill", "{}")
    long = [["data: ", 1], ["x", LONGEST], ["\n\n", 1]]
    return [
        text("as the server writes", "retry: 2000\n\nid: 1-2\nevent: kill\ndata: {}\n\n: ping\n\n", one),
        text("without the space", "id:1-2\nevent:kill\ndata:{}\n\n", one),
        text("only one space goes", "event:  kill\ndata:  {} \n\n", ("", " kill", " {} ")),
        text("carriage returns", "id: 1-2\revent: kill\rdata: {}\r\r", one),
        text("carriage returns and line feeds", "id: 1-2\r\nevent: kill\r\ndata: {}\r\n\r\n", one),
        text("mixed ends of lines", "id: 1-2\nevent: kill\r\ndata: {}\r\n\r", one),
        text("a mark at the beginning, and nowhere else", "\ufeffid: 1-2\nevent: kill\ndata: {}\n\n", one),
        text("comments and unknown fields", ":\n: ping\nwhat: ever\nretry\nid: 1-2\nevent: kill\ndata: {}\n\n", one),
        text("two lines of data", "event: policy\ndata: a\ndata: b\n\n", ("", "policy", "a\nb")),
        text("no data is no event, and its name is forgotten", "event: kill\n\ndata: {}\n\n", ("", "message", "{}")),
        text("empty data are data", "event: kill\ndata\n\n", ("", "kill", "")),
        text(
            "an id stays",
            "id: 1-2\n\nevent: lease\ndata: {}\n\ndata: x\nevent: kill\n\n",
            ("1-2", "lease", "{}"),
            ("1-2", "kill", "x"),
        ),
        text(
            "what the stream breaks off is none",
            "event: kill\ndata: {}\n",
        ),
        text(
            "what else ends a line elsewhere ends none here",
            "event: lease\ndata: a\u2028b\u0085c\u000bd\n\n",
            ("", "lease", "a\u2028b\u0085c\u000bd"),
        ),
        text(
            "letters of several bytes",
            "event: lease\ndata: \u00e4\u20ac\U0001f980\n\n",
            ("", "lease", "\u00e4\u20ac\U0001f980"),
        ),
        text("names differ by case", "Event: kill\nevent: Kill\nDATA: y\ndata: x\n\n", ("", "Kill", "x")),
        text("a line of 256 KiB is too long", long, broken=True),
        text(
            "an event before a line without an end",
            [["id: 1-2\nevent: kill\ndata: {}\n\ndata: ", 1], ["x", LONGEST]],
            one,
            broken=True,
        ),
        text(
            "data of 256 KiB in many lines are too long", [[f"data: {'x' * 1023}\n", LONGEST // 1024 + 1]], broken=True
        ),
    ]


def sessions() -> list[dict[str, Any]]:
    """All of them, in the order of the file."""
    return [session.document() for session in (*_told(), *_doubted(), *_lines())]


def text() -> str:
    """The file: a line for every text and every step."""
    parts = []
    for session in sessions():
        steps = ",\n".join(f"    {json.dumps(step)}" for step in session["steps"])
        head = ", ".join(f'"{key}": {json.dumps(session[key])}' for key in ("name", "enrolled", "held"))
        parts.append(f'  {{{head}, "steps": [\n{steps}\n  ]}}')
    texts = ",\n".join(f"  {json.dumps(stream)}" for stream in streams())
    return f'{{"longest": {LONGEST}, "streams": [\n{texts}\n], "sessions": [\n' + ",\n".join(parts) + "\n]}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
