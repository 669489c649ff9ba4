"""Commands run within the process of the test: what they print and answer, without the start of a program.

Beside tests like these there is always one that runs the installed program.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from clawforge.decide.request import Decision
from clawforge.errors import UnavailableError
from clawforge_cli.__main__ import run as run_command
from clawforge_cli.agent.asker import ask, question

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


def run_here(environment: Mapping[str, str], *arguments: str, status: int = 0) -> Done:
    """A command that must end with this status. `environment` holds the variables of clawforge."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLAWFORGE_")}
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**kept, **environment, "NO_COLOR": "1", "CI": "true"}, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run_command(list(arguments))
    assert code == status, f"{arguments}: {code}\n{out.getvalue()}\n{err.getvalue()}"
    return Done(code, out.getvalue(), err.getvalue())


def decided(state: Path, effect: str, tool: str, **params: Any) -> Decision:
    """What the agent of this machine decides, once it decides so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with contextlib.suppress(UnavailableError):
            found = ask(state, question(tool, params))
            if found.effect == effect:
                return found
        assert time.monotonic() < deadline, f"the agent does not come to {effect}"
        time.sleep(0.02)
