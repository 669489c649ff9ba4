"""Projects on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    """Makes a project of the files given, with a smallest `clawforge.yaml` unless one is among them."""

    def make(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "project"
        for name, content in {"clawforge.yaml": PROJECT, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make
