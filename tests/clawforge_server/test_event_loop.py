"""The server runs on uvloop, and as well where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_process import apply, company, server_process


@pytest.mark.parametrize(("missing", "loop"), [(False, "uvloop"), (True, "asyncio.unix_events")])
def test_it_serves_and_stops_on_either_loop(
    missing: bool, loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing:
        (tmp_path / "uvloop.py").write_text("raise ImportError")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            assert apply(client, company())["revision"] == 1
        assert server.stop() == 0
        assert f'"loop": "{loop}"' in server.log.read_text()
