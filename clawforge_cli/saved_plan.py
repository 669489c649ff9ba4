"""A plan in a file."""

from __future__ import annotations

from pathlib import Path

import orjson
from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.plan import Plan, plan_json

_LARGEST = 256 * 1024 * 1024


def save_plan(plan: Plan, path: Path) -> None:
    """Write the document. Raises InputError when the file cannot be written."""
    try:
        path.write_bytes(orjson.dumps(plan_json(plan), option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise InputError(f"The plan cannot be saved to {path}: {error.strerror}.") from error


def read_plan(path: Path) -> Plan:
    """Read a saved plan. Raises InputError for anything that is none."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is too large to be a plan.")
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} is not a saved plan.",
            hint="Make one with `clawforge plan --out FILE`, or name a directory.",
        ) from error
