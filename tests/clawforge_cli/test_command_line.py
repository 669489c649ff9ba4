"""What hands that know Terraform type."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawforge.errors import InputError
from clawforge_cli.command_line import expanded


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        (["plan", "-out=F", "-detailed-exitcode"], ["plan", "--out=F", "--detailed-exitcode"]),
        (["plan", "-target", "Policy/a", "--out", "F"], ["plan", "--target", "Policy/a", "--out", "F"]),
        (["apply", "-auto-approve"], ["apply", "--auto-approve"]),
        # What is no long option stays: a file may be called so, and short options have one letter.
        (["plan", "-x", "-other", "-h"], ["plan", "-x", "-other", "-h"]),
        (["show", "--", "-out"], ["show", "--", "-out"]),
        (["-version"], ["--version"]),
        ([], []),
    ],
)
def test_one_dash_is_enough(typed: list[str], parsed: list[str]) -> None:
    assert expanded(typed, {}) == parsed


def test_arguments_of_variables_stand_before_those_that_were_typed() -> None:
    environment = {
        "CLAWFORGE_CLI_ARGS": "--server 'http://a b'",
        "CLAWFORGE_CLI_ARGS_plan": "-out=x",
        "CLAWFORGE_CLI_ARGS_who_can": "--org acme",
    }
    assert expanded(["plan", "here"], environment) == ["plan", "--server", "http://a b", "--out=x", "here"]
    assert expanded(["who-can", "exec"], environment) == ["who-can", "--server", "http://a b", "--org", "acme", "exec"]
    assert expanded(["--help"], environment) == ["--help"]
    with pytest.raises(InputError, match="CLAWFORGE_CLI_ARGS_apply is no command line"):
        expanded(["apply"], {"CLAWFORGE_CLI_ARGS_apply": "'"})


def test_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert expanded(["-chdir=a", "lint"], {}) == ["lint"]
    assert Path.cwd() == tmp_path / "a"
    assert expanded(["-chdir", "..", "lint"], {}) == ["lint"]
    assert Path.cwd() == tmp_path
    for typed in (["-chdir=nowhere", "lint"], ["-chdir"]):
        with pytest.raises(InputError, match="cannot be entered"):
            expanded(typed, {})
