"""Messages to the person: genuine ones are kept and told once, all others change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from signing_world import DEV, NOON, SigningWorld

from clawforge.dsse import envelope_json
from clawforge.errors import InputError
from clawforge.keys import SigningKey
from clawforge.message import Message, message_text, sign_message
from clawforge_cli.agent.inbox import MOST_KEPT, Inbox, new_messages

WORLD = SigningWorld()
TRUST = WORLD.enrolled(DEV, NOON)


def message(number: int = 1, **more: Any) -> Message:
    given = {"org": "acme", "instance": DEV.instance, "text": f"m-{number}", "by": "user:ann", **more}
    return Message(number=number, at=NOON, **given)


def sent(*messages: Message, key: SigningKey = WORLD.online) -> tuple[object, ...]:
    return tuple(envelope_json(sign_message(item, key)) for item in messages)


def test_genuine_messages_are_new_once_and_in_order() -> None:
    said: list[str] = []
    envelopes = sent(message(3), message(1), message(2), message(2))
    assert [item.number for item in new_messages(TRUST, envelopes, 1, said.append)] == [2, 3]
    assert (new_messages(TRUST, envelopes, 3, said.append), said) == ((), [])


@pytest.mark.parametrize(
    "forged",
    [
        *sent(message(), key=SigningKey(bytes(range(32)))),
        *sent(message(), key=WORLD.root),
        *sent(message(instance="other")),
        *sent(message(org="other")),
        {**WORLD.full(DEV, NOON).lease},  # type: ignore[dict-item]
        {},
        "hello",
        None,
    ],
)
def test_what_is_not_genuine_is_not_shown_and_hides_nothing(forged: object) -> None:
    said: list[str] = []
    found = new_messages(TRUST, (forged, *sent(message(7))), 0, said.append)
    assert ([item.number for item in found], len(said)) == ([7], 1)
    assert "was not shown" in said[0]


def test_an_inbox_is_bounded_and_emptied_by_showing() -> None:
    inbox = Inbox((message(1),))
    inbox.put(tuple(message(number) for number in range(2, MOST_KEPT + 3)))
    shown = inbox.take()
    assert (len(shown), shown[0].number, inbox.take(), inbox.kept) == (MOST_KEPT, 3, (), ())


@pytest.mark.parametrize("text", ["", " \n", "x" * 1_001, "a\rb", "a\x1bb", "a\x7f"])
def test_what_no_message_can_say_is_refused_before_it_is_sent(text: str) -> None:
    with pytest.raises(InputError, match="A message has"):
        message_text(text)
    assert message_text(" two\nlines ") == "two\nlines"
