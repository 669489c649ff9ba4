"""Asking the agent of this machine over its socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from clawforge.decide.request import Decision
from clawforge.errors import InputError, UnavailableError
from clawforge.message import Message
from clawforge_cli.agent.address import socket_address
from clawforge_cli.agent.protocol import ANSWER_LIMIT, REQUEST_LIMIT, CheckRequest, read_answer


def ask(directory: Path, request: CheckRequest, *, timeout: float = 10.0) -> Decision:
    """The agent's decision. Raises as `ask_and_hear`."""
    return ask_and_hear(directory, request, timeout=timeout)[0]


def ask_and_hear(
    directory: Path, request: CheckRequest, *, timeout: float = 10.0
) -> tuple[Decision, tuple[Message, ...]]:
    """The agent's decision, and messages to show to the person, which are said no second time.

    Raises UnavailableError (`no-agent`) if none answers within `timeout` seconds, InputError if it refuses to judge.
    """
    line = request_line(request)
    try:
        answer = _exchange(directory, line, timeout)
    except OSError as error:
        raise UnavailableError(
            f"No agent answers in {directory}.",
            hint="Start it with `clawforge agent run --state DIR`, or check --state.",
            code="no-agent",
        ) from error
    return read_answer(answer)


def question(
    tool: str, params: dict[str, Any], *, agent: str | None = None, context: str | None = None
) -> CheckRequest:
    """The question about one call. Raises InputError for a name that no tool, agent or context can have."""
    try:
        return CheckRequest(tool=tool, params=params, agent=agent, context=context)
    except ValidationError as error:
        raise InputError("A tool, agent or context needs a name of 1 to 256 characters.") from error


def request_line(request: CheckRequest) -> bytes:
    """One line of JSON. Raises InputError for a question that is too large."""
    line = orjson.dumps(request.model_dump(mode="json", by_alias=True)) + b"\n"
    if len(line) > REQUEST_LIMIT:
        raise InputError(f"The question is too large: {len(line)} bytes of at most {REQUEST_LIMIT}.")
    return line


def _exchange(directory: Path, line: bytes, timeout: float) -> bytes:
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(socket_address(directory, folder))
            connection.sendall(line)
            with connection.makefile("rb") as stream:
                answer = stream.readline(ANSWER_LIMIT + 1)
    finally:
        os.close(folder)
    if not answer.endswith(b"\n"):
        raise ConnectionResetError("the agent ended the connection")
    return answer
