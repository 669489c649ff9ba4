"""The installed wheel stands alone: it runs, and nothing of the checkout is importable beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def test_the_program_is_installed(installed_clawforge: Path) -> None:
    assert installed_clawforge.is_file()


@pytest.mark.parametrize("name", ["server", "tests", "bench", "tools"])
def test_nothing_else_of_the_checkout_is_importable(installed_clawforge: Path, tmp_path: Path, name: str) -> None:
    python = installed_clawforge.with_name("python")
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is not None)"
    assert subprocess.run([python, "-I", "-c", code], cwd=tmp_path, check=False).returncode == 0
