"""Where sessions are kept: in a private file, with the tokens in the keyring where there is a real one."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from clawforge.errors import InputError
from clawforge.wire_identity import SessionAnswer
from clawforge_cli.session.private_file import PrivateFile
from clawforge_cli.session.record import StoredSession, stored
from clawforge_cli.session.vault import Vault

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SERVER = "https://clawforge.acme.example"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that encrypts nothing, for it lives as long as the test."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


class PlainKeyring(MemoryKeyring):
    """One that says of itself that it keeps plain text."""

    priority = 0.5  # type: ignore[assignment]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    for name in ("CI", "CLAWFORGE_SESSION_STORE"):
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("CLAWFORGE_SESSION_STORE", "file")
    return Vault(tmp_path / "state" / "clawforge")


def session(org: str = "acme", server: str = SERVER, number: int = 1) -> StoredSession:
    answer = SessionAnswer(
        session=f"session-{number}",
        access_token=f"cf_session_{number}",
        expires_at=NOW,
        refresh_token=f"cf_refresh_{number}",
        refresh_expires_at=NOW,
        org=org,
        principal="user:dev",
    )
    return stored(server, answer)


def test_a_session_is_kept_for_its_owner_alone(vault: Vault) -> None:
    assert vault.find(None, None) is None
    assert not vault.keep(session())
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700
    found = vault.find(SERVER, "acme")
    assert found is not None
    tokens = vault.tokens(found)
    assert tokens is not None
    assert tokens.access == "cf_session_1"
    assert "cf_session_1" not in repr(found)


def test_there_is_one_session_for_each_server_and_org_and_the_latest_is_found_first(vault: Vault) -> None:
    vault.keep(session(number=1))
    vault.keep(session("other", number=2))
    vault.keep(session(server="https://two.example", number=3))
    vault.keep(session(number=4))
    assert [item.session for item in vault.sessions()] == ["session-2", "session-3", "session-4"]
    latest = [vault.find(None, None), vault.find(SERVER, None), vault.find(None, "other")]
    assert [item.session for item in latest if item is not None] == ["session-4", "session-4", "session-2"]
    assert vault.find("https://three.example", None) is None
    assert vault.find("https://two.example", "other") is None
    vault.drop(session(number=4))
    assert vault.find(SERVER, "acme") is None


def test_a_real_keyring_takes_the_tokens_and_the_file_holds_none(tmp_path: Path, ring: MemoryKeyring) -> None:
    vault = Vault(tmp_path / "clawforge")
    assert vault.keep(session())
    assert "cf_" not in vault.path.read_text()
    found = vault.find(SERVER, "acme")
    assert found is not None
    assert getattr(vault.tokens(found), "refresh", None) == "cf_refresh_1"
    vault.drop(found)
    assert ring.entries == {}


def test_a_locked_keyring_means_a_file_and_later_a_new_sign_in(tmp_path: Path, ring: MemoryKeyring) -> None:
    vault = Vault(tmp_path / "clawforge")
    assert vault.keep(session())
    ring.locked = True
    found = vault.find(SERVER, "acme")
    assert found is not None
    assert vault.tokens(found) is None
    assert not vault.keep(session(number=2)), "into the file"
    assert "cf_session_2" in vault.path.read_text()


@pytest.mark.parametrize("other", [PlainKeyring, keyring.backends.fail.Keyring])
def test_a_keyring_that_is_none_is_not_used(
    tmp_path: Path, ring: MemoryKeyring, other: type[keyring.backend.KeyringBackend]
) -> None:
    keyring.set_keyring(other())
    vault = Vault(tmp_path / "clawforge")
    assert not vault.keep(session())
    assert "cf_session_1" in vault.path.read_text()


@pytest.mark.parametrize(("variable", "value"), [("CI", "true"), ("CLAWFORGE_SESSION_STORE", "file")])
def test_a_pipeline_uses_no_keyring(
    tmp_path: Path, ring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert not Vault(tmp_path / "clawforge").keep(session())
    assert ring.entries == {}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_that_others_may_touch_is_refused(vault: Vault, mode: int) -> None:
    vault.keep(session())
    vault.path.chmod(mode)
    with pytest.raises(InputError, match="other users may"):
        vault.sessions()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(vault: Vault) -> None:
    vault.keep(session())
    os.chown(vault.path, 12345, 12345)
    with pytest.raises(InputError, match="another user"):
        vault.sessions()


@pytest.mark.parametrize("kind", ["link", "directory", "fifo"])
def test_what_is_no_plain_file_is_refused(vault: Vault, kind: str) -> None:
    vault.keep(session())
    kept = vault.path.rename(vault.path.with_name("kept"))
    match kind:
        case "link":
            vault.path.symlink_to(kept)
        case "directory":
            vault.path.mkdir()
        case _:
            os.mkfifo(vault.path, 0o600)
    with pytest.raises(InputError, match="session file"):
        vault.sessions()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "clawforge.sessions/v9", "sessions": []}', "\x00" * 9])
def test_a_damaged_file_is_said_to_be(vault: Vault, content: str) -> None:
    vault.keep(session())
    vault.path.write_text(content)
    with pytest.raises(InputError, match="damaged"):
        vault.sessions()


def test_a_loose_directory_is_tightened_before_anything_is_written(vault: Vault) -> None:
    vault.path.parent.mkdir(parents=True, mode=0o755)
    vault.path.parent.chmod(0o755)
    vault.keep(session())
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700


def test_nothing_stands_in_the_way_of_a_write_that_failed_before(vault: Vault) -> None:
    vault.keep(session())
    leftover = vault.path.with_name(f".{vault.path.name}.{os.getpid()}.new")
    leftover.write_text("half")
    vault.keep(session(number=2))
    assert not leftover.exists()
    assert json.loads(vault.path.read_text())["sessions"][0]["session"] == "session-2"


def test_the_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter() -> None:
        with PrivateFile(tmp_path, "x").locked():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
