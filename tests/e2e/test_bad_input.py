"""Bad projects through the installed program: a place, a hint, exit 3, no traceback, and nothing sent."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from programs import Program

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
HEAD = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: %s}\nspec:\n  appliesTo: everyone\n"


def text(content: str) -> Callable[[Path], None]:
    return lambda root: (root / "bad.yaml").write_text(content) and None


def huge(root: Path) -> None:
    with (root / "bad.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def outside_link(root: Path) -> None:
    (root.parent / "outside.yaml").write_text(HEAD % "outside")
    (root / "bad.yaml").symlink_to(root.parent / "outside.yaml")


def pipe(root: Path) -> None:
    os.mkfifo(root / "bad.yaml")


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"

BAD = {
    "unknown field": (text(HEAD % "a" + "  tool: {deny: [exec]}\n"), r"bad\.yaml:6:3: .*unknown-field", "tools"),
    "wrong type": (text(HEAD % "a" + "  priority: high\n"), r"bad\.yaml:6:\d+: .*wrong-type", ""),
    "duplicate key": (text(HEAD % "a" + "  mode: base\n  mode: guardrail\n"), r"bad\.yaml:7:3: .*duplicate", "6"),
    "alias bomb": (text(BOMB), r"bad\.yaml:1:4: .*anchor", ""),
    "100 MB": (huge, r"bad\.yaml(:1:1)?: .*too-large", ""),
    "binary": (lambda root: (root / "bad.yaml").write_bytes(bytes(range(256))) and None, r"bad\.yaml(:1:\d+)?", ""),
    "symlink out of the project": (outside_link, r"bad\.yaml(:1:1)?: .*symlink", ""),
    "pipe": (pipe, r"bad\.yaml(:1:1)?", ""),
    "reference to nothing": (
        text((HEAD % "a").replace("everyone", "{groups: [nobody-declared]}")),
        r"bad\.yaml:5:\d+: .*",
        "",
    ),
    "two of one name": (text(HEAD % "a" + "---\n" + HEAD % "a"), r"bad\.yaml:9:\d+: .*duplicate-resource", ""),
    "a tie": (text(HEAD % "a" + "---\n" + HEAD % "b"), r"bad\.yaml:\d+:\d+: .*base-tie", "priority"),
    "not YAML": (text("a: [1, 2\nb: }"), r"bad\.yaml:2:\d+: .*yaml-syntax", ""),
    "deep": (text("[" * 5000), r"bad\.yaml:1:\d+: .*too-deep", ""),
}


@pytest.fixture
def listener() -> Iterator[tuple[str, list[int]]]:
    """An address, and how often somebody connected to it."""
    calls: list[int] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                calls.append(1)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        done.set()
        thread.join()


@pytest.mark.parametrize("command", ["lint", "plan", "apply"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_project(
    name: str, command: str, installed_clawforge: Path, tmp_path: Path, listener: tuple[str, list[int]]
) -> None:
    spoil, place, hint = BAD[name]
    root = tmp_path / "project"
    root.mkdir()
    (root / "clawforge.yaml").write_text(PROJECT)
    spoil(root)
    url, calls = listener
    program = Program(installed_clawforge, tmp_path).with_environment(CLAWFORGE_SERVER=url, CLAWFORGE_TOKEN="cf_x")
    done = program.finish(command, root)
    said = done.stdout if command == "lint" else done.stderr
    assert done.returncode == 3, said + done.stderr
    where, _, code = place.partition(": .*")
    assert re.search(where, said), said
    assert code in said
    assert hint in said
    assert "Traceback" not in done.stderr + done.stdout
    assert "pydantic" not in said
    if command != "lint":
        assert done.stdout == ""
    assert calls == []
