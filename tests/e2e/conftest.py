"""The program as a user has it: the wheel, installed in a fresh virtual environment outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

_PRINT_PURELIB = "import sysconfig; print(sysconfig.get_paths()['purelib'])"


@pytest.fixture(scope="session")
def installed_clawforge(built_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the `clawforge` program of the installed wheel.

    The dependencies are the ones that run the tests, reached through a `.pth` file. It is written after the
    wheel is installed, so that pip does not take the editable install of the checkout for the project; and
    `.pth` files of a directory reached in this way are not read, so the checkout stays out of `sys.path`.
    """
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(home)
    python = home / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    _run([*pip, "install", *options, str(built_wheel)], home, environment)
    site_packages = Path(_run([str(python), "-c", _PRINT_PURELIB], home, environment))
    paths = sysconfig.get_paths()
    dependencies = dict.fromkeys([paths["purelib"], paths["platlib"]])
    (site_packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in dependencies))
    for package in ("clawforge", "clawforge_cli", "clawforge_server"):
        found = _run([str(python), "-c", f"import {package}; print({package}.__file__)"], home, environment)
        assert Path(found).is_relative_to(site_packages), f"{package} comes from {found}, not from the wheel"
    return home / "bin" / "clawforge"


def _run(command: list[str], cwd: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
