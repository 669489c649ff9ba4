"""The vectors of command lines, and properties of the parser that hold for every input."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.command_pattern import CommandPattern, matches_all, matches_any
from clawforge.decide.shell import MAX_BYTES, parse_command
from clawforge.decide.shell_program import is_known

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "schemas" / "vectors" / "shell.json").read_text(encoding="utf-8")
)["vectors"]

# Names that mean something to a shell or run other programs are opaque on purpose; the vectors hold those.
PROGRAMS = st.sampled_from(["git", "ls", "npm", "terraform", "./build", "/usr/bin/git", "a b", "x'y", 'x"y', "ü"])
# `shlex` leaves `=ls` unquoted, which zsh replaces by the path of a program: opaque on purpose.
PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\t"), max_size=12
).filter(lambda text: not text.startswith("="))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    parsed = parse_command(vector["command"])
    expect = vector["expect"]
    allow = [CommandPattern.parse(text) for text in vector["allow"]]
    denied = matches_any(parsed, [CommandPattern.parse(text) for text in vector["deny"]]) is not None
    assert (not parsed.opaque) == expect["understood"], parsed.opaque
    if "commands" in expect:
        assert [[command.program, *command.arguments] for command in parsed.commands] == expect["commands"]
    assert (matches_all(parsed, [allow]) and not denied) == expect["allowed"]
    if "denied" in expect:
        assert denied == expect["denied"]


def test_every_bypass_has_a_vector_and_none_is_allowed() -> None:
    bypasses = [vector for vector in VECTORS if vector["name"].startswith("bypass-")]
    assert [vector["name"][:9] for vector in bypasses] == [f"bypass-{number:02}" for number in range(1, 26)]
    for vector in bypasses:
        allow = [CommandPattern.parse(text) for text in vector["allow"]]
        # Without the deny list, too: what is not allowed does not depend on what is denied.
        assert not matches_all(parse_command(vector["command"]), [allow])


@settings(max_examples=150, deadline=None)
@given(PROGRAMS, st.lists(PRINTABLE, max_size=5))
def test_quoted_words_come_back_as_they_were(program: str, arguments: list[str]) -> None:
    words = [program, *arguments]
    parsed = parse_command(shlex.join(words))
    assert parsed.opaque == ()
    (command,) = parsed.commands
    assert (command.program, *command.arguments) == (program.rsplit("/", 1)[-1], *arguments)
    assert parse_command(words) == parsed


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.text("git \\'\"`$(){};&|<>#~*[]=!\n\t", max_size=60))
def test_no_text_raises(text: str) -> None:
    parsed = parse_command(text)
    assert parsed.opaque or parsed.commands
    assert all(command.program for command in parsed.commands if not parsed.opaque)
    assert len(set(parsed.opaque)) == len(parsed.opaque)


@settings(max_examples=60, deadline=None)
@given(st.lists(PROGRAMS, min_size=1, max_size=4), st.sampled_from([";", "&", "&&", "||", "|", "|&", "\n"]))
def test_operators_only_separate(programs: list[str], operator: str) -> None:
    parsed = parse_command(f" {operator} ".join(shlex.quote(program) for program in programs))
    assert parsed.opaque == ()
    assert [command.program for command in parsed.commands] == [name.rsplit("/", 1)[-1] for name in programs]


@pytest.mark.parametrize("value", [None, 1, b"ls", {"command": "ls"}, ["ls", 1], [["ls"]], "\ud800", ["ls", "\udc80"]])
def test_what_is_no_command_is_opaque(value: object) -> None:
    parsed = parse_command(cast("str | Sequence[str]", value))
    assert parsed.opaque
    assert parsed.commands == ()


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "$(",
        '"$(',
        "{ ",
        "a|",
        "a=(",
        ")",
        "`",
        "<<a ",
        "${",
        "! ",
        "'",
        "a;",
        "x ",
        "<(",
        "sudo ",
        "\\\n",
        "é",
    ],
)
def test_hostile_length_and_depth_come_to_an_end(unit: str) -> None:
    """Without the limits, tree-sitter takes the better part of a minute for some of these."""
    for size in (400, 4_000, MAX_BYTES):
        parsed = parse_command(unit * (size // len(unit.encode())))
        assert parsed.opaque or parsed.commands


def test_the_longest_line_is_understood_and_one_more_byte_is_not() -> None:
    line = "ls " + "x" * (MAX_BYTES - 3)
    assert parse_command(line).opaque == ()
    assert parse_command(line + "x").opaque
    assert parse_command(["ls", "x" * MAX_BYTES]).opaque


def test_programs_inside_one_another_are_followed_only_so_far() -> None:
    assert parse_command("sudo nohup rm x").opaque == ()
    assert parse_command("sudo " * 9 + "rm x").opaque
    line = "rm x"
    for _ in range(6):
        line = shlex.join(["env", "-S", line])
    assert parse_command(line).opaque


def test_reasons_are_plain_words() -> None:
    assert parse_command("ls $(id) `id` > x").opaque[0] == "command substitution"
    assert parse_command("bash -c ls").opaque == ("`bash` runs text as a program",)
    assert parse_command("if ls; then ls; fi").opaque == ("a shell loop, condition or function",)
    assert parse_command("ls 'a").opaque == ("not valid shell syntax",)


@pytest.mark.parametrize("program", ["git", "rm", "sudoers", "bashful", "python-config", "Git", "evaluate"])
@pytest.mark.parametrize("arguments", [(), ("-c", "rm x"), ("-exec", "rm"), ("a=b", "rm"), ("a[$(rm)]",), ("-v", "x")])
def test_an_unknown_program_hides_nothing_and_starts_nothing(program: str, arguments: tuple[str, ...]) -> None:
    parsed = parse_command((program, *arguments))
    assert not is_known(program)
    assert (parsed.opaque, parsed.inner) == ((), ())


@pytest.mark.parametrize("program", ["SUDO", "bash", "python3.11", "python.exe", "find", "printf", "eval", "alias", ""])
def test_known_programs(program: str) -> None:
    assert is_known(program)
