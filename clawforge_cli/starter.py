"""A new project from templates: all of its files, or none."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from clawforge.errors import ClawforgeError, InputError
from clawforge.resource.meta import NAME_PATTERN

FILES: dict[str, str] = {
    "clawforge.yaml": "clawforge.yaml",
    "organization.yaml": "organization.yaml",
    "people.yaml": "people.yaml",
    "policies/default.yaml": "default.yaml",
    "policies/engineering.yaml": "engineering.yaml",
    "policies/guardrails.yaml": "guardrails.yaml",
    "dlp/secrets.yaml": "secrets.yaml",
    "tests/basics.yaml": "tests.yaml",
    "README.md": "README.md",
    "CODEOWNERS": "CODEOWNERS",
    ".github/workflows/clawforge.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".vscode/settings.json": "vscode-settings.json",
}
"""Path in the project -> template. Templates lie flat and without leading dots, so that every tool that packs or
searches this program sees them for what they are."""

_EDITOR_SCHEMA = ".vscode/clawforge.schema.json"


class Preset(StrEnum):
    """How much the first policies allow."""

    STARTER = "starter"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a new project needs to know."""

    org: str
    source: str
    preset: Preset


def checked_name(text: str, what: str) -> str:
    """The name. Raises InputError for one that no org and no source can have."""
    if not re.match(NAME_PATTERN, text) or text != text.strip():
        raise InputError(
            f"{text!r} cannot be the name of {what}.",
            hint="Write lower-case letters, digits and dashes, at most 63, beginning with a letter or digit.",
        )
    return text


def name_for(directory: Path) -> str:
    """The name of an org that a directory suggests."""
    return re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:63].strip("-") or "my-org"


def project_files(choices: Choices) -> dict[str, str]:
    """Text by path of every file."""
    import orjson

    from clawforge import __version__
    from clawforge.schema import COMBINED, schemas

    filled = {"__ORG__": choices.org, "__SOURCE__": choices.source, "__VERSION__": __version__}
    texts = {}
    for path, template in FILES.items():
        text = _template(choices.preset, template)
        for blank, value in filled.items():
            text = text.replace(blank, value)
        texts[path] = text
    texts[_EDITOR_SCHEMA] = orjson.dumps(schemas()[COMBINED], option=orjson.OPT_INDENT_2).decode() + "\n"
    return texts


def write_project(directory: Path, texts: dict[str, str]) -> None:
    """Write the files. Raises InputError before anything is written if one of them exists, and ClawforgeError
    if one cannot be written."""
    present = [path for path in texts if os.path.lexists(directory / path)]
    if present:
        raise InputError(
            f"{directory} already holds {', '.join(present[:3])}{' and more' if len(present) > 3 else ''}.",
            hint="Nothing was written. Choose an empty directory.",
        )
    written: list[Path] = []
    try:
        for path, text in texts.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as stream:
                written.append(target)
                stream.write(text)
    except OSError as error:
        for target in written:
            target.unlink(missing_ok=True)
        raise ClawforgeError(
            f"{error.filename or directory} cannot be written: {error.strerror}.",
            hint="The files that were written are removed again.",
        ) from error


def _template(preset: Preset, name: str) -> str:
    """The preset's own template, else the one that all share."""
    root = resources.files("clawforge_cli.templates")
    own = root / preset.value / name
    return (own if own.is_file() else root / Preset.STARTER.value / name).read_text(encoding="utf-8")
