"""What is said on the agent's socket: one JSON document a line, a question and its answer."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from clawforge.decide.request import Decision, Identifier
from clawforge.errors import InputError, UnavailableError
from clawforge.message import Message
from clawforge.resource.meta import Strict

REQUEST_LIMIT = 1024 * 1024
"""Most bytes of a question, its newline included."""
ANSWER_LIMIT = 8 * REQUEST_LIMIT
"""Most bytes of an answer: redaction and escapes may lengthen the parameters that it repeats."""


class CheckRequest(Strict):
    """A tool call to be judged. Who calls, on which instance and when is the agent's knowledge, not the caller's."""

    tool: Identifier
    params: dict[str, Any] = {}
    agent: Identifier | None = None
    context: Identifier | None = None
    channel: str | None = None
    sender: str | None = None
    provider: str | None = None


class Complaint(Strict):
    """Why a question was not judged."""

    code: str
    message: str


class CheckAnswer(Strict):
    """A decision or an error. `messages` of the org are there once, beside a decision: show them to the person."""

    decision: Decision | None = None
    error: Complaint | None = None
    messages: tuple[Message, ...] = ()


def read_request(line: bytes) -> CheckRequest:
    """The question in one line. Raises InputError that names what is wrong with it."""
    try:
        return CheckRequest.model_validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg']}" if where else first["msg"]
        raise InputError(f"This is no question to the agent: {message}.", code="bad-request") from error


def decision_answer(decision: Decision, messages: tuple[Message, ...] = ()) -> bytes:
    """The line that carries a decision."""
    return _line(CheckAnswer(decision=decision, messages=messages))


def error_answer(code: str, message: str) -> bytes:
    """The line that carries a complaint."""
    return _line(CheckAnswer(error=Complaint(code=code, message=message)))


def read_answer(line: bytes) -> tuple[Decision, tuple[Message, ...]]:
    """The decision in an answer, and what to show beside it.

    Raises InputError for a complaint, UnavailableError for what is no answer.
    """
    try:
        answer = CheckAnswer.model_validate_json(line, strict=True)
    except ValidationError as error:
        raise UnavailableError("The agent gave an answer that cannot be read.", code="unexpected-answer") from error
    if answer.error is not None:
        raise InputError(answer.error.message, code=answer.error.code)
    if answer.decision is None:
        raise UnavailableError("The agent gave an empty answer.", code="unexpected-answer")
    return answer.decision, answer.messages


def _line(answer: CheckAnswer) -> bytes:
    return answer.model_dump_json(by_alias=True, exclude=None if answer.messages else {"messages"}).encode() + b"\n"
