"""Every command of the documentation is run, in order, page by page, against a real server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_page import matches, pages, read_steps, script, split_output

ROOT = Path(__file__).resolve().parents[2]
PORT_IN_PAGES = "8733"
PAGES = [page for page in pages(ROOT) if any(step.command for step in read_steps(page.read_text()))]

CURL = """\
#!{python}
# Stands in for curl on machines without it: the last argument is fetched, again and again until it answers.
import sys, time, urllib.request
for attempt in range(120):
    try:
        sys.stdout.write(urllib.request.urlopen(sys.argv[-1], timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.25)
else:
    sys.exit(7)
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_do_what_it_says(page: Path, work: Path) -> None:
    port = str(free_port())
    steps = read_steps(page.read_text().replace(PORT_IN_PAGES, port))
    output = run(script(steps), work)
    printed = split_output(output)
    for index, step in enumerate(steps):
        place = f"{page.relative_to(ROOT)}:{step.line}: $ {step.command or step.file}"
        actual = printed.get(str(index))
        assert actual is not None, f"{place}\nwas not reached; the output ends with:\n{output[-2000:]}"
        shown = "\n".join(actual)
        assert matches(step.expected, actual), f"{place}\nprinted:\n{shown}\ninstead of:\n" + "\n".join(step.expected)
    assert "done" in printed, f"{page.relative_to(ROOT)}: the last command failed:\n{output[-2000:]}"


@pytest.fixture
def work() -> Iterator[Path]:
    """Where a reader would stand: beside the example. The path is short, for agents keep their socket below it."""
    with tempfile.TemporaryDirectory(prefix="page-", dir="/tmp") as home:
        folder = Path(home) / "work"
        folder.mkdir()
        shutil.copytree(ROOT / "policies.example", folder / "policies.example")
        yield folder


def run(text: str, work: Path) -> str:
    """The output of a script. Whatever it started in the background is gone afterwards."""
    process = subprocess.Popen(
        ["bash", "-c", text],
        cwd=work,
        env=environment(work.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        # Programs in the background hold the pipe if a page does not send their output elsewhere, hence the limit.
        return process.communicate(timeout=90)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]
    finally:
        end_group(process.pid)


def end_group(group: int) -> None:
    """Stop what the script left running; nothing may be left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return


def environment(home: Path) -> dict[str, str]:
    """A reader's environment: the program on the path, no settings of clawforge, no terminal."""
    programs = home / "bin"
    programs.mkdir()
    if shutil.which("curl") is None:
        (programs / "curl").write_text(CURL.format(python=sys.executable))
        (programs / "curl").chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CLAWFORGE_", "PYTHON", "GIT_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), str(programs)])
    return {**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1", "CI": "true", "LC_ALL": "C.UTF-8"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
