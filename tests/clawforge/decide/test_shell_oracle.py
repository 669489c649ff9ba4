"""Real shells are the judge: what they run must be among the commands that the parser said they would run.

Only lines that are understood are run, in an empty directory, with a PATH that has nothing but four stubs.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clawforge.decide.command_pattern import CommandPattern, matches_all
from clawforge.decide.shell import parse_command

SHELLS = (("/bin/bash", "--noprofile", "--norc", "-c"), ("/bin/sh", "-c"))
STUBS = ("git", "ls", "cat", "rm")
STUB = '#!/bin/sh\nprintf \'%s\\0\' "${0##*/}" "$@" > "$STUB_LOG/$$"\n'
SECONDS = 20.0

TOKENS = (
    *STUBS,
    "git status", "ls -l", "cat x", "rm x", "./git", "echo ", "eval ", "exec ", "command ", "builtin ",
    "time ", "sh -c ", "if ", "then ", "else ", "fi ", "for ", "in ", "do ", "done ", "case ", "esac ",
    "function ", "coproc ", "[[ ", " ]]", " ", " ", " ", " ", "  ", "\t", "\n", "\\\n", ";", ";;", "&",
    "&&", "|", "||", "|&", "!", "! ", "(", ")", "{ ", "; }", "}", "$", "$(", "`", "${", "$x", "$((",
    "))", "$'", '$"', '"', '"', "'", "'", "\\", "#", " #", "~", "*", "?", "[", "]", "=", "A=", "A+=",
    "@(", "+(", ",", "..", "{", ":", "^", "%", "@", "-", "--", "1", "2", "é", "x", "y", "/", "\u00a0",
    " >/dev/null ", " 2>&1 ", " </dev/null ", " &>/dev/null ", ">&", "<&", ">&-", "2", ">", "<", "<<",
    "<<<", "<(", ">|",
)  # fmt: skip
PIECES = st.sampled_from(
    [
        *("a", "-b", "'c d'", '"e;f"', "\\&", "''", '"\\""', "'\\'", "x~", "#", "{u}", "=", '"$"', "!", "2"),
        *("\\\n", "'\n'", "é", "~/", "$", "~", "]", "%", ":"),
    ]
)
WORDS = st.lists(st.lists(PIECES, min_size=1, max_size=3).map("".join), max_size=3).map(" ".join)
COMMANDS = st.tuples(st.sampled_from([*STUBS, "g'i't", "l\\s", '! "rm"', ">/dev/null cat"]), WORDS).map(" ".join)
JOINTS = st.sampled_from([";", " & ", "&&", "||\n", "|", "|&", "\n", " # x\n", "; (", ")\n", "; { ", "; }; ", " 2>&1;"])
LINES = st.one_of(
    st.lists(COMMANDS | JOINTS, min_size=1, max_size=5).map("".join),
    st.tuples(COMMANDS, JOINTS, COMMANDS).map("".join),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=10).map("".join),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8).map(lambda tokens: "git " + "".join(tokens)),
    st.text("git lsacrm\\'\";&|#!=~{},()<>-2\n\t\\", max_size=30).map(lambda text: "git " + text),
)


class Sandbox:
    """An empty directory and a PATH of stubs, each of which writes down how it was called."""

    def __init__(self, root: Path) -> None:
        self.path, self.log, self.cwd = root / "bin", root / "log", root / "cwd"
        for directory in (self.path, self.log, self.cwd):
            directory.mkdir()
        for name in STUBS:
            stub = self.path / name
            stub.write_text(STUB)
            stub.chmod(0o755)

    def run(self, shell: tuple[str, ...], line: str) -> Counter[tuple[str, ...]]:
        """The words of every program that `shell` ran for `line`, background ones included."""
        environment = {
            "PATH": str(self.path),
            "HOME": str(self.cwd),
            "STUB_LOG": str(self.log),
            "FUNCNEST": "5",
        }
        reading, writing = os.pipe()
        # Above every descriptor that a line can name; it stays open until the last process is gone.
        inherited = fcntl.fcntl(writing, fcntl.F_DUPFD, 100)
        os.close(writing)
        with subprocess.Popen(
            [*shell, line],
            cwd=self.cwd,
            env=environment,
            pass_fds=(inherited,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            os.close(inherited)
            ready, _, _ = select.select([reading], [], [], SECONDS)
            if not ready:
                os.killpg(process.pid, signal.SIGKILL)
        os.close(reading)
        assert ready, f"{shell[0]} did not end: {line!r}"
        calls: Counter[tuple[str, ...]] = Counter()
        for entry in self.log.iterdir():
            calls[tuple(os.fsdecode(word) for word in entry.read_bytes().split(b"\0")[:-1])] += 1
            entry.unlink()
        return calls


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with TemporaryDirectory() as directory:
        yield Sandbox(Path(directory))


def check(sandbox: Sandbox, line: str) -> bool:
    """Run `line` if it is understood, and compare; whether it was run."""
    parsed = parse_command(line)
    if parsed.opaque:
        return False
    # `time` is a word of the shell itself, so what it wraps is run, too.
    said = Counter((command.program, *command.arguments) for command in (*parsed.commands, *parsed.inner))
    # The empty HOME is the one value that the parser leaves to the shell: `~/x` is kept as it is written.
    for shell in SHELLS:
        ran = sandbox.run(shell, line)
        home = str(sandbox.cwd)
        seen = Counter({tuple(word.replace(home, "~") for word in words): count for words, count in ran.items()})
        assert seen <= said, f"{shell[0]} ran {seen - said} for {line!r}, which was read as {said}"
        if matches_all(parsed, [[CommandPattern.parse("git **")]]):
            assert {words[0] for words in ran} <= {"git"}
    return True


@settings(max_examples=150, deadline=None)
@given(LINES)
@example("git status\nls")
@example("git a\\ b 'c d' \"e f\" ~/x")
@example("git status & ls | cat || rm x")
@example("(git a; { ls; }) >/dev/null 2>&1 &")
@example("! git x && ! ls")
@example("git \\\n  status # rm x\nls")
@example("git {a} HEAD@{u} a=~/b x~y")
def test_a_shell_runs_nothing_that_was_not_said(sandbox: Sandbox, line: str) -> None:
    check(sandbox, line)
