"""What the tests of the server share."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from server_app import Api, MovableClock, opened_api
from server_process import ServerProcess, server_process

from clawforge_server.log import configure_logging


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def api(tmp_path: Path, clock: MovableClock) -> Iterator[Api]:
    with opened_api(tmp_path / "data", clock) as api:
        yield api


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the server logs during the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ServerProcess]:
    """A real server process."""
    with server_process(tmp_path / "data") as server:
        yield server


@pytest.fixture
def problem() -> Callable[[httpx.Response, int, str], dict[str, Any]]:
    """Checks that an answer is a problem document with a status and a code, and gives it."""

    def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = answer.json()
        assert (body["status"], body["code"]) == (status, code)
        assert body["detail"]
        return body

    return check
