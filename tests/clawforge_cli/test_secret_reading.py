"""Secrets are read from where they are kept, and nothing shows what was read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from clawforge.errors import InputError
from clawforge.secret_ref import SecretRef
from clawforge_cli.secret_reading import read_secret


def read(folder: Path, **place: Any) -> str:
    return read_secret(SecretRef.model_validate_json(json.dumps({"secretRef": place})), folder).reveal()


def test_each_place_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "of the environment")
    (tmp_path / "secret").write_bytes(b"of a file\r\n")
    assert read(tmp_path, env="HOOK_SECRET") == "of the environment"
    assert read(tmp_path, file="secret") == "of a file"
    assert read(tmp_path, file=str(tmp_path / "secret")) == "of a file"
    program = [sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id) ; of a program"]
    assert read(tmp_path, exec=program) == "$(id) ; of a program"


@pytest.mark.parametrize(
    "place",
    [
        {"env": "NOT_SET_ANYWHERE"},
        {"file": "absent"},
        {"file": "."},
        {"file": "empty"},
        {"file": "binary"},
        {"file": "large"},
        {"exec": ["no-such-program-anywhere"]},
        {"exec": [sys.executable, "-c", "print('CANARY'); raise SystemExit('CANARY')"]},
        {"exec": [sys.executable, "-c", "print('CANARY' * 20000)"]},
    ],
    ids=str,
)
def test_a_secret_that_is_not_to_be_had_is_said_to_be(tmp_path: Path, place: dict[str, Any]) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"CANARY\xff")
    (tmp_path / "large").write_text("CANARY" * 20_000)
    with pytest.raises(InputError) as caught:
        read(tmp_path, **place)
    assert caught.value.code == "no-secret"
    assert "CANARY" not in str(caught.value).replace("print('CANARY", "")
