"""Signed messages to the person at a machine: they decide nothing, but nobody else may speak in the org's name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from clawforge.canonical import canonical_bytes
from clawforge.dsse import Envelope, sign, verify
from clawforge.errors import InputError, UntrustedError
from clawforge.keys import Counter, KeySet, SigningKey
from clawforge.resource.meta import Instant, Name, Strict, SubjectName

MESSAGE_TYPE = "application/vnd.clawforge.message+json"
LONGEST_MESSAGE = 1_000
"""Characters of a message."""

MessageText = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=LONGEST_MESSAGE, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]+$"
    ),
]
"""What is said: plain text, in lines; whoever shows it escapes it."""


class Message(Strict):
    """`number` counts the messages of the org, so that each is shown once; `by` is who sent it."""

    schema_: Annotated[Literal["clawforge.message/v1"], Field(alias="schema")] = "clawforge.message/v1"
    org: Name
    instance: SubjectName
    number: Counter
    text: MessageText
    by: str
    at: Instant


def message_text(text: str) -> str:
    """The text without space around it. Raises InputError for what no message can say."""
    said = text.strip()
    if not 1 <= len(said) <= LONGEST_MESSAGE or any(
        (ord(mark) < 32 and mark != "\n") or ord(mark) == 127 for mark in said
    ):
        raise InputError(
            f"A message has 1 to {LONGEST_MESSAGE:,} characters, of which none is a control character but line breaks.",
            code="bad-message",
        )
    return said


def sign_message(message: Message, key: SigningKey) -> Envelope:
    """The message, signed by an online key."""
    return sign(canonical_bytes(message.model_dump(mode="json", by_alias=True)), MESSAGE_TYPE, key)


def open_message(envelope: Envelope, key_set: KeySet, *, org: str, instance: str) -> Message:
    """The message, verified before it is parsed, and for this machine.

    Raises UntrustedError: the codes of `dsse.verify`, `bad-document` for signed text that is no message, and
    `foreign-instance`.
    """
    payload = verify(envelope, key_set.trusted, MESSAGE_TYPE)
    try:
        message = Message.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise UntrustedError("The signed message cannot be read.", code="bad-document") from error
    if (message.org, message.instance) != (org, instance):
        raise UntrustedError("The message is for another machine.", code="foreign-instance")
    return message
