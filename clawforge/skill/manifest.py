"""What a SKILL.md says about itself in its front matter; it is a claim, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from clawforge.load.yaml import compose

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Name and version as the skill's author wrote them; None where they are missing or no text."""

    name: str | None = None
    version: str | None = None


def read_manifest(text: str) -> Manifest:
    """The front matter; nothing of one that is no plain YAML."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != _FENCE:
        return Manifest()
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return Manifest()
    documents, problems = compose("\n".join(lines[1:end]).encode(), file="SKILL.md")
    if problems or len(documents) != 1 or not isinstance(documents[0].value, dict):
        return Manifest()
    value = documents[0].value
    return Manifest(_text(value.get("name")), _text(value.get("version")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
