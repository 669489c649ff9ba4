"""The vectors of events: our reader reads what they say, and our agent believes of it what they say."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import event_vectors
import pytest
from believing_agent import BelievingAgent

from clawforge import trust
from clawforge.errors import UnavailableError
from clawforge.event_text import EventText, ServerSentEvent
from clawforge.lease import Lease
from clawforge.trust import REFETCH_CODES, Answer

VECTORS = json.loads(event_vectors.FILE.read_text(encoding="utf-8"))
SESSIONS = VECTORS["sessions"]
ASKS = {"refresh": {"poll", "heartbeat"}, "message": {"heartbeat"}}
CREDIBLE = {"accepted", "lease-bundle-mismatch", "nothing-held"}
SILENCE = 45.0


def said(vector: dict[str, Any]) -> bytes:
    pieces = [(vector["text"], 1)] if isinstance(vector["text"], str) else vector["text"]
    return "".join(piece * count for piece, count in pieces).encode()


def read(text: bytes, size: int) -> dict[str, Any]:
    """What our reader makes of a text that comes in pieces of so many bytes."""
    reader = EventText(longest=VECTORS["longest"])
    events: list[dict[str, Any]] = []

    def feed() -> None:
        for start in range(0, len(text), size):
            events.extend(event._asdict() for event in reader.feed(text[start : start + size]))

    try:
        feed()
    except UnavailableError as error:
        return {"events": events, "broken": error.code == "stream-broken"}
    return {"events": events}


@pytest.mark.parametrize("vector", VECTORS["streams"], ids=lambda vector: vector["name"])
def test_texts_mean_the_same_whatever_way_they_are_cut(vector: dict[str, Any]) -> None:
    text = said(vector)
    for size in (1, 2, 3, 7, len(text)) if len(text) < 1_000 else (4_096, len(text)):
        assert read(text, size) == vector["expect"], size


class Listener:
    """Our agent with a stream. What an event asks for is only noted."""

    def __init__(self, session: dict[str, Any]) -> None:
        self.agent = BelievingAgent(session["enrolled"])
        assert self.agent.hear(Answer(**session["held"])) is None
        self.resume: str | None = None
        self.connect()

    def connect(self) -> None:
        self.reader: EventText | None = EventText(longest=VECTORS["longest"])
        self.last_word = self.agent.seconds()

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        """What is made of a step, in the form of its `expect`, and what calls get then."""
        self.agent.now = dt.datetime.fromisoformat(step["at"])
        if step.get("connects"):
            self.connect()
        if step.get("ends"):
            self.reader = None
        heard: list[str] = []
        asks: set[str] = set()
        if self.reader is not None and "text" in step:
            self.last_word = self.agent.seconds()
            for event in self.reader.feed(step["text"].encode()):
                self._take(event, heard, asks)
        if self.agent.seconds() - self.last_word >= SILENCE:
            self.reader = None
        if "answer" in step:
            assert self.agent.hear(Answer(**step["answer"])) is None
        expect = {
            "heard": heard,
            "asks": sorted(asks),
            "connected": self.reader is not None,
            "resume": self.resume,
        }
        return {"expect": expect, "effects": self.agent.effects(step["calls"])}

    def _take(self, event: ServerSentEvent, heard: list[str], asks: set[str]) -> None:
        if event.name == "end":
            self.reader = None
            asks.add("poll")
            return
        code = self._hear(event.data)
        heard.append(code)
        if code in REFETCH_CODES:
            asks.add("poll")
        if code in CREDIBLE:
            self.resume = event.id or self.resume
            asks |= ASKS.get(event.name, set())

    def _hear(self, data: str) -> str:
        try:
            document = json.loads(data)
        except ValueError:
            return "bad-event"
        if not isinstance(document, dict) or "lease" not in document:
            return "bad-event"
        return self.agent.hear(Answer(lease=document["lease"])) or "accepted"


def differs() -> bool:
    """Whether our agent makes something else of any session."""
    return any(played(session) != wanted(session) for session in SESSIONS)


def played(session: dict[str, Any]) -> list[dict[str, Any]]:
    listener = Listener(session)
    return [listener.step(step) for step in session["steps"]]


def wanted(session: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"expect": step["expect"], "effects": [call["effect"] for call in step["calls"]]} for step in session["steps"]
    ]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session["name"])
def test_sessions(session: dict[str, Any]) -> None:
    for number, (found, expected) in enumerate(zip(played(session), wanted(session), strict=True)):
        assert found == expected, number


@pytest.mark.parametrize(
    ("owner", "name", "wrong"),
    [
        ("clawforge.trust", "_check_not_older", lambda *_: None),
        ("clawforge.trust", "_check_identity", lambda *_: None),
        ("clawforge_cli.agent.service.AgentService", "adopt_kill", lambda *_: None),
        ("clawforge.event_text.EventText", "_take", lambda *_: None),
    ],
)
def test_the_vectors_find_an_agent_that_is_wrong(
    owner: str, name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{owner}.{name}", wrong)
    assert differs()


def test_the_vectors_find_an_agent_that_needs_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsigned(envelope: Any, *_: Any) -> Any:
        return Lease.model_validate_json(base64.b64decode(envelope.payload))

    monkeypatch.setattr(trust, "open_lease", unsigned)
    assert differs()


def test_the_file_is_what_its_maker_makes() -> None:
    assert event_vectors.FILE.read_text(encoding="utf-8") == event_vectors.text()
