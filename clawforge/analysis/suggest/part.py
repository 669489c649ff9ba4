"""The sections of a policy that can be narrowed to what was seen, and why one is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """A section of a policy that can be narrowed to what was seen."""

    TOOLS = "tools"
    EXEC = "exec"
    NETWORK = "network"
    MCP = "mcp"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a section is left alone, and the first line that shows it; 0 where that is no line's doing."""

    reason: str
    line: int = 0
