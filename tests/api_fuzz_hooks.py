"""What schemathesis is told to send: names that exist as often as invented ones, as somebody of any role.

It loads this file by the variable SCHEMATHESIS_HOOKS; CLAWFORGE_FUZZ_WORLD names the file that says what exists.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import schemathesis

_WORLD = json.loads(Path(os.environ["CLAWFORGE_FUZZ_WORLD"]).read_text())
_random = random.Random(int(os.environ["CLAWFORGE_FUZZ_SEED"]))


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Three of four times a thing that exists."""
    for name in path_parameters or ():
        known = _WORLD["names"].get(name)
        if known and path_parameters is not None and _random.random() < 0.75:
            path_parameters[name] = _random.choice(known)
    return path_parameters


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Each call as somebody, from somewhere: the limits of one address would end the game early."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _fill_in(case.body)
    is_agent = case.operation.path.startswith("/v1/agent/")
    tokens = _WORLD["agents"] if is_agent and _random.random() < 0.8 else _WORLD["tokens"]
    case.headers["Authorization"] = f"Bearer {_random.choice(tokens)}"
    case.headers["X-Forwarded-For"] = ".".join(str(_random.randrange(1, 255)) for _ in range(4))


def _fill_in(body: Any) -> None:
    """Some of the tokens and names that a valid body asks for exist."""
    if isinstance(body, dict):
        for name in body:
            known = _WORLD["fields"].get(name)
            if known and _random.random() < 0.5:
                body[name] = _random.choice(known)
