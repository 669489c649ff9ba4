"""The committed reference is the generated one, and leaves out no command, option, variable or exit code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.reference import main, pages
from clawforge_cli.views.reference_cli import ENVIRONMENT, Command, cli_page, commands, variable_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "fixtures" / "reference"
PAGE = cli_page()
COMMANDS = tuple(commands())


def section(command: Command) -> str:
    return PAGE.partition(f"\n## {command.name}\n")[2].partition("\n## ")[0]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clawforge_cli.reference", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_committed_pages_are_up_to_date() -> None:
    done = run("--check")
    assert (done.returncode, done.stderr) == (0, ""), "run `python -m clawforge_cli.reference --write docs/reference`"


def test_what_is_missing_changed_or_left_over_is_out_of_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["--examples", str(EXAMPLES)]
    assert main(["--write", str(tmp_path), *chosen]) == 0
    assert main(["--check", str(tmp_path), *chosen]) == 0
    (tmp_path / "user.md").unlink()
    (tmp_path / "cli.md").write_text("old")
    (tmp_path / "tenant.md").write_text("gone")
    capsys.readouterr()
    assert main(["--check", str(tmp_path), *chosen]) == ExitCode.FINDINGS
    assert "Out of date: cli.md, tenant.md, user.md." in capsys.readouterr().err
    assert not (tmp_path / "user.md").exists()
    assert main(["--write", str(tmp_path), *chosen]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == pages(EXAMPLES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_argument_option_and_variable_is_documented(command: Command) -> None:
    text = section(command)
    assert text
    for parameter in command.definition.params:
        if parameter.param_type_name == "option":
            for name in (*parameter.opts, *parameter.secondary_opts):
                assert re.search(rf"^\| .*`{name}`.*`{variable_of(command, parameter)}` \|$", text, re.MULTILINE), name
        assert parameter.help, f"{command.name} {parameter.name} has no help"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_page_says_what_the_help_says(command: Command) -> None:
    """The variables are ours to compute: the parser must agree on each of them."""
    done = subprocess.run(
        [sys.executable, "-m", "clawforge_cli", *command.words, "--help"], capture_output=True, text=True, check=True
    )
    shown = set(re.findall(r"CLAWFORGE_\w+", re.sub(r"\s+", " ", done.stdout)))
    computed = {variable_of(command, item) for item in command.definition.params if item.param_type_name == "option"}
    assert shown == computed


def test_every_command_of_the_program_has_a_section() -> None:
    names = {command.words[0] for command in COMMANDS}
    done = subprocess.run([sys.executable, "-m", "clawforge_cli", "--help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  ([a-z-]+)  +\S", done.stdout.partition("Commands:")[2], re.MULTILINE)
    assert names == set(listed)
    assert [command.name for command in COMMANDS] == re.findall(r"^## ([a-z -]+)$", PAGE, re.MULTILINE)


def test_every_variable_of_the_program_is_documented() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "clawforge_cli").rglob("*.py"))
    read = {name for name in re.findall(r"\bCLAWFORGE_[A-Z_]*[A-Z]\b", source) if name != "CLAWFORGE_COMMAND_OPTION"}
    assert read == {name for name in ENVIRONMENT if name.startswith("CLAWFORGE_")}
    assert all(f"| `{name}` | " in PAGE for name in ENVIRONMENT)


def test_every_exit_code_is_documented() -> None:
    page = pages(EXAMPLES)["exit-codes.md"]
    assert all(f"\n| {code.value} | {code.name} | " in page for code in ExitCode)
