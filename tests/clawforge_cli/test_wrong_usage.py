"""A slip on the command line is answered in two lines: what is wrong; what was probably meant, and where help is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from programs import Program

from clawforge_cli.app import COMMANDS


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lnit", ["There is no command `lnit`.", "Did you mean `lint`? `clawforge --help` lists every command."]),
        ("qqq", ["There is no command `qqq`.", "`clawforge --help` lists every command."]),
        (
            "lint --formt json",
            ["`clawforge lint` has no option `--formt`.", "Did you mean `--format`? `clawforge lint --help` shows"],
        ),
        ("lint --nope", ["`clawforge lint` has no option `--nope`.", "`clawforge lint --help` shows how it is used."]),
        ("lint -x", ["`clawforge lint` has no option `-x`.", "`clawforge lint --help` shows how it is used."]),
        (
            "lint --format sarfi",
            ["Invalid value for '--format': 'sarfi' is not one of 'text', 'json', ", "`clawforge lint --help` shows"],
        ),
        ("lint --select", ["Option '--select' requires an argument.", "`clawforge lint --help` shows how it is used."]),
        ("lint a b c", ["Got unexpected extra argument", "`clawforge lint --help` shows how it is used."]),
        ("agent rnu", ["No such command 'rnu'. Did you mean 'run'?", "`clawforge agent --help` shows how it is used."]),
        (
            "agent run --stat x",
            ["`clawforge agent run` has no option `--stat`.", "Did you mean `--state`? `clawforge agent run --help`"],
        ),
        ("--bogus", ["`clawforge` has no option `--bogus`.", "`clawforge --help` shows how it is used."]),
        ("lint nowhere", ["nowhere does not exist.", "Give the directory that holds clawforge.yaml."]),
    ],
)
def test_a_slip_is_answered_in_two_lines(program: Program, line: str, said: list[str]) -> None:
    done = program.finish(*line.split())
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"Error: {said[0]}")
    assert second.startswith(f"  {said[1]}")


def test_help_has_one_line_for_each_command(program: Program) -> None:
    lines = program.run("--help").splitlines()
    assert all(len(line) <= 80 for line in lines)
    listed = lines[lines.index("Commands:") + 1 :]
    assert [line.split(maxsplit=1) for line in listed] == [[name, text] for name, text in COMMANDS.items()]


def test_an_output_that_cannot_show_a_character_gets_it_written_out(program: Program) -> None:
    (program.cwd / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    (program.cwd / "x.yaml").write_text("kind: 日本語\n")
    printed = program.with_environment(PYTHONIOENCODING="ascii").run("lint", expect=3)
    assert "\\u65e5\\u672c\\u8a9e" in printed
