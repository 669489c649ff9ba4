"""Completing addresses of resources in a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def complete_address(ctx: Any, incomplete: str) -> list[str]:
    """The addresses of the project that begin so. A project that cannot be read completes nothing."""
    from clawforge.errors import ClawforgeError
    from clawforge.load.project import load_project

    try:
        project = load_project(Path(str(ctx.params.get("path") or ctx.params.get("what") or ".")))
    except (ClawforgeError, OSError):
        return []
    return sorted(resource.address for resource in project.values if resource.address.startswith(incomplete))
