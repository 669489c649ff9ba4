"""The vectors of messages: our own agent shows what they say, once, and says so to the server."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import httpx
import message_vectors
import pytest
from agent_socket import serving
from believing_agent import BelievingAgent
from command_in_process import run_here
from signing_world import NOON

from clawforge.decide.request import InstanceFacts
from clawforge.dsse import read_envelope
from clawforge.errors import UntrustedError
from clawforge.keys import decode_public_key, open_key_set
from clawforge.message import Message, open_message
from clawforge.secret import Secret
from clawforge.trust import Answer
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.inbox import Inbox, new_messages
from clawforge_cli.agent.messenger import Messenger
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import AgentState
from clawforge_cli.agent.transport import AgentTransport
from clawforge_cli.views.human_messages import message_lines

CONVERSATIONS = json.loads(message_vectors.FILE.read_text(encoding="utf-8"))["conversations"]
SERVER = "http://127.0.0.1:1"


class Recipient:
    """Our agent's messenger and inbox with their real transport; what is on disk is a value."""

    def __init__(self, conversation: dict[str, Any]) -> None:
        self.agent = BelievingAgent(conversation["enrolled"])
        assert self.agent.hear(Answer(**conversation["held"])) is None
        self.disk = AgentState(server=SERVER, credential="c", trust=self.agent.trust)
        self.says: object = None
        self.noted: list[int] = []
        self.start()

    def start(self) -> None:
        """As the daemon does, from what is on disk."""
        transport = AgentTransport(SERVER, insecure=True, transport=httpx.MockTransport(self._answer))
        self.inbox = Inbox(self.disk.inbox)
        self.messenger = Messenger(transport, self.inbox, self._report)

    def step(self, step: dict[str, Any]) -> dict[str, Any]:
        """What is made of a step, in the form of its `expect`."""
        self.agent.now = dt.datetime.fromisoformat(step["at"])
        if step.get("restarts"):
            self.start()
            return {}
        if step.get("looks"):
            shown = (message.model_dump(mode="json", by_alias=True) for message in self.inbox.take())
            return {"shown": [{name: one[name] for name in ("number", "text", "by", "at")} for one in shown]}
        if "answer" in step:
            assert self.agent.hear(Answer(**step["answer"])) is None
            self._write(self.disk.model_copy(update={"trust": self.agent.trust}))
        self.says, self.refusals = step.get("heartbeat"), 0
        self.messenger.hear(self.disk, Secret("c"), step["waits"], self._write)
        codes = self._codes(step)
        assert self.refusals == len(codes)
        self._noted_is_durable()
        return {"refused": codes, "noted": self.disk.newest_message}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.noted.append(json.loads(request.content)["noted"])
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(self.says).encode()))

    def _report(self, said: str) -> None:
        self.refusals += said.startswith("A message was not shown")

    def _write(self, state: AgentState) -> None:
        self.disk = state

    def _codes(self, step: dict[str, Any]) -> list[str]:
        """Why our library refuses what came."""
        keys = open_key_set(self.disk.trust.keys, decode_public_key(self.disk.trust.root_key), org="acme")
        said, found = step.get("heartbeat"), []
        for envelope in said.get("messages", ()) if isinstance(said, dict) else ():
            try:
                open_message(read_envelope(envelope), keys, org="acme", instance=self.disk.trust.instance)
            except UntrustedError as error:
                found.append(error.code)
        return found

    def _noted_is_durable(self) -> None:
        assert not self.noted or self.noted[-1] == self.disk.newest_message


def played(conversation: dict[str, Any]) -> list[dict[str, Any]]:
    recipient = Recipient(conversation)
    return [recipient.step(step) for step in conversation["steps"]]


def wanted(conversation: dict[str, Any]) -> list[dict[str, Any]]:
    return [step.get("expect", {}) for step in conversation["steps"]]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation["name"])
def test_conversations(conversation: dict[str, Any]) -> None:
    assert played(conversation) == wanted(conversation)


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("clawforge_cli.agent.inbox.Inbox.take", lambda inbox: inbox.kept),
        (
            "clawforge_cli.agent.messenger.new_messages",
            lambda trust, said, _, report: new_messages(trust, said, 0, report),
        ),
        ("clawforge_cli.agent.inbox.Inbox.put", lambda *_: None),
    ],
    ids=["shows it again", "takes it again", "forgets it"],
)
def test_the_vectors_find_an_agent_that_is_wrong(what: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what, wrong)
    assert any(played(one) != wanted(one) for one in CONVERSATIONS)


def test_what_is_shown_says_who_and_when_and_obeys_nobody() -> None:
    found = [
        list(message_lines(Message(org="acme", instance="i-1", **{**message, "at": NOON})))
        for one in CONVERSATIONS
        for step in one["steps"]
        for message in step.get("expect", {}).get("shown", ())
    ]
    assert found[0] == ["Message from user:ann at 2026-11-20T12:00:00Z: The VPN is down."]
    (lines,) = [lines for lines in found if len(lines) > 1]
    assert lines[:2] == ["Message from user:ann at 2026-11-20T12:00:00Z:", "  two"]
    assert all(line.isprintable() for shown in found for line in shown)


def test_a_check_shows_what_waits_once(tmp_path: Path) -> None:
    waiting = Message(org="acme", instance="i-1", number=1, text="Mind\n\u202ethe gap", by="user:ann", at=NOON)
    service = AgentService(Clock(NOON), InstanceFacts(), inbox=Inbox((waiting,)))
    check = ("agent", "check", "--state", str(tmp_path / "agent"), "--tool", "read")
    with serving(tmp_path / "agent", service.answer):
        shown, again = run_here({}, *check, status=3), run_here({}, *check, status=3)
    head = "Message from user:ann at 2026-11-20T12:00:00Z:"
    assert shown.stderr.splitlines() == [head, "  Mind", "  \\u{202e}the gap"]
    assert again.stderr == ""
    assert shown.stdout == again.stdout


def test_the_file_is_what_its_maker_makes() -> None:
    assert message_vectors.FILE.read_text(encoding="utf-8") == message_vectors.text()
