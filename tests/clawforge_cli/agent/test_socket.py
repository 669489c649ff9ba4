"""The socket: private, robust against clients that are slow, silent, huge or confused."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from agent_socket import serving

from clawforge.errors import InputError, UnavailableError
from clawforge.resource.policy_test import Effect
from clawforge_cli.agent.asker import ask, question
from clawforge_cli.agent.protocol import REQUEST_LIMIT
from clawforge_cli.agent.socket import listen

LINE = b'{"tool":"read"}\n'


def connect(directory: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(str(directory / "agent.sock"))
    return connection


def test_a_question_gets_a_decision(tmp_path: Path) -> None:
    with serving(tmp_path):
        decision = ask(tmp_path, question("exec", {"command": "ls", "nothing": None}))
        assert (decision.effect, decision.reasons[0].code) == (Effect.DENY, "no-policy")
        assert stat.S_IMODE((tmp_path / "agent.sock").stat().st_mode) == 0o600


def test_one_connection_carries_many_questions(tmp_path: Path) -> None:
    with serving(tmp_path), connect(tmp_path) as client, client.makefile("rb") as answers:
        client.sendall(LINE * 50)
        for _ in range(50):
            assert json.loads(answers.readline())["decision"]["effect"] == "deny"


def test_garbage_is_answered_and_the_connection_lives(tmp_path: Path) -> None:
    with serving(tmp_path), connect(tmp_path) as client, client.makefile("rb") as answers:
        client.sendall(b"\x00\xff{[\n\n" + LINE)
        codes = [json.loads(answers.readline()) for _ in range(3)]
        assert [item["error"] and item["error"]["code"] for item in codes] == ["bad-request", "bad-request", None]


def test_a_question_beyond_the_limit_ends_its_connection_only(tmp_path: Path) -> None:
    with serving(tmp_path), connect(tmp_path) as client, client.makefile("rb") as answers:
        answer = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(b"x" * (REQUEST_LIMIT + 70_000))
        with suppress(ConnectionResetError):
            answer = answers.readline()
        assert not answer or json.loads(answer)["error"]["code"] == "too-large"
        assert ask(tmp_path, question("read", {})).effect is Effect.DENY


def test_a_large_question_within_the_limit_is_judged(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert ask(tmp_path, question("read", {"text": "x" * 500_000})).effect is Effect.DENY
        with pytest.raises(InputError):
            ask(tmp_path, question("read", {"text": "x" * REQUEST_LIMIT}))


def test_slow_silent_and_deaf_clients_hold_up_nobody(tmp_path: Path) -> None:
    with serving(tmp_path):
        slow = [connect(tmp_path) for _ in range(40)]
        for index, client in enumerate(slow):
            client.sendall(b"{" if index % 2 else b"")
        deaf = connect(tmp_path)
        deaf.setblocking(False)
        with suppress(BlockingIOError):
            for _ in range(2000):
                deaf.send(LINE * 20)
        began = time.monotonic()
        for _ in range(20):
            assert ask(tmp_path, question("read", {})).effect is Effect.DENY
        assert time.monotonic() - began < 5
        for client in [*slow, deaf]:
            client.close()


def test_a_client_that_goes_away_is_forgotten(tmp_path: Path) -> None:
    with serving(tmp_path):
        for _ in range(20):
            client = connect(tmp_path)
            client.sendall(LINE)
            client.close()
        assert ask(tmp_path, question("read", {})).effect is Effect.DENY


def test_idle_clients_are_dropped(tmp_path: Path) -> None:
    with serving(tmp_path, idle=0.05), connect(tmp_path) as client:
        assert client.recv(10) == b""


def test_large_questions_are_judged_beside_small_ones(tmp_path: Path) -> None:
    release = threading.Event()

    def answer(line: bytes) -> bytes:
        if len(line) > 100_000:
            release.wait(10)
        return b"{}\n"

    with serving(tmp_path, answer), connect(tmp_path) as large, connect(tmp_path) as small:
        large.sendall(b"x" * 200_000 + b"\n")
        small.sendall(LINE)
        assert small.recv(10) == b"{}\n"
        release.set()
        assert large.recv(10) == b"{}\n"


def test_a_socket_left_over_is_replaced_but_a_file_is_not(tmp_path: Path) -> None:
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(str(tmp_path / "agent.sock"))
    left_over.close()
    with pytest.raises(UnavailableError):
        ask(tmp_path, question("read", {}))
    with serving(tmp_path):
        assert ask(tmp_path, question("read", {})).effect is Effect.DENY
    (tmp_path / "agent.sock").unlink()
    (tmp_path / "agent.sock").write_text("mine")
    with pytest.raises(InputError):
        listen(tmp_path)
    assert (tmp_path / "agent.sock").read_text() == "mine"


def test_a_deep_state_directory_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with serving(deep):
        assert ask(deep, question("read", {})).effect is Effect.DENY


def test_no_agent_is_a_clear_error(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UnavailableError) as caught:
            ask(directory, question("read", {}))
        assert caught.value.code == "no-agent"


def test_an_agent_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    listener = listen(tmp_path)
    with pytest.raises(UnavailableError):
        ask(tmp_path, question("read", {}), timeout=0.1)
    listener.close()


def test_a_name_that_no_tool_can_have_is_refused() -> None:
    for tool in ("", "x" * 257):
        with pytest.raises(InputError):
            question(tool, {})
