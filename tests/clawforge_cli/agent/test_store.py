"""The state directory: private, locked, replaced whole, and never believed once damaged."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from signing_world import DEV, NOON, SigningWorld

from clawforge.errors import ConflictError, InputError
from clawforge.trust import accept_answer
from clawforge_cli.agent.store import AgentState, CorruptStateError, Store

WORLD = SigningWorld()
STATE = AgentState(
    server="https://control.example",
    credential="secret-credential",
    trust=accept_answer(WORLD.enrolled(DEV, NOON), WORLD.full(DEV, NOON), NOON),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "agent")
    yield made
    made.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read(store: Store) -> None:
    assert store.read() is None
    store.write(STATE)
    assert store.read() == STATE
    assert (mode(store.directory), mode(store.path)) == (0o700, 0o600)
    assert sorted(path.name for path in store.directory.iterdir()) == ["agent.lock", "state.json"]


def test_the_credential_does_not_show() -> None:
    assert "secret-credential" not in repr(STATE)


def test_an_open_directory_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir(mode=0o755)
    store = Store.open(tmp_path / "agent")
    assert mode(store.directory) == 0o700
    store.close()


def test_a_second_agent_is_refused_until_the_first_ends(store: Store) -> None:
    with pytest.raises(ConflictError) as caught:
        Store.open(store.directory)
    assert caught.value.code == "agent-running"
    store.close()
    again = Store.open(store.directory)
    again.close()
    store._lock = os.open(os.devnull, os.O_RDONLY)


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError):
        Store.open(tmp_path / "file" / "agent")


def test_any_damaged_byte_makes_the_state_unusable(store: Store) -> None:
    store.write(STATE)
    raw = store.path.read_bytes()
    for index in range(0, len(raw), 7):
        store.path.write_bytes(raw[:index] + bytes([raw[index] ^ (1 << index % 8)]) + raw[index + 1 :])
        with pytest.raises(CorruptStateError) as caught:
            store.read()
        assert "enrol" in caught.value.hint
    assert store.path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b'{"digest": 1, "state": {}}'])
def test_what_is_no_state_is_unusable(store: Store, content: bytes) -> None:
    store.path.write_bytes(content)
    store.path.chmod(0o600)
    with pytest.raises(CorruptStateError):
        store.read()
    assert store.path.read_bytes() == content


def test_a_truncated_state_is_unusable(store: Store) -> None:
    store.write(STATE)
    raw = store.path.read_bytes()
    store.path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(CorruptStateError):
        store.read()


def test_state_that_others_could_have_written_is_unusable(store: Store) -> None:
    store.write(STATE)
    store.path.chmod(0o666)
    with pytest.raises(CorruptStateError):
        store.read()


def test_links_folders_and_pipes_are_no_state(store: Store, tmp_path: Path) -> None:
    store.write(STATE)
    elsewhere = tmp_path / "elsewhere.json"
    store.path.rename(elsewhere)
    store.path.symlink_to(elsewhere)
    with pytest.raises(CorruptStateError):
        store.read()
    store.path.unlink()
    store.path.mkdir()
    with pytest.raises(CorruptStateError):
        store.read()
    store.path.rmdir()
    os.mkfifo(store.path, 0o600)
    with pytest.raises(CorruptStateError):
        store.read()


def test_a_write_that_was_cut_short_leaves_the_old_state(store: Store) -> None:
    store.write(STATE)
    (store.directory / "state.json.new").write_bytes(b'{"digest":"sha2')
    assert store.read() == STATE
    store.write(STATE.model_copy(update={"host_version": "2026.9.6"}))
    read = store.read()
    assert read is not None
    assert read.host_version == "2026.9.6"
