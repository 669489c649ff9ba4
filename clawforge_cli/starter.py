"""What a new project is made of: templates, and the few things that they leave open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

from clawforge.adoption.names import slug
from clawforge.errors import InputError
from clawforge.resource.meta import NAME_PATTERN

FILES: dict[str, str] = {
    "clawforge.yaml": "clawforge.yaml",
    "policies/organization.yaml": "organization.yaml",
    "policies/people.yaml": "people.yaml",
    "policies/default.yaml": "default.yaml",
    "policies/engineering.yaml": "engineering.yaml",
    "policies/guardrails.yaml": "guardrails.yaml",
    "policies/dlp/secrets.yaml": "secrets.yaml",
    "policies/tests/basics.yaml": "tests.yaml",
    "README.md": "README.md",
    "CODEOWNERS": "CODEOWNERS",
    ".github/workflows/clawforge.yml": "workflow.yml",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
}
"""Path in the project -> template. Templates lie flat and without leading dots, so that every tool that packs or
searches this program sees them for what they are."""


class Preset(StrEnum):
    """How much the first policies allow."""

    STARTER = "starter"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a new project needs to know. `admin` is the e-mail address of the person who owns the org."""

    org: str
    admin: str
    source: str
    preset: Preset

    @property
    def user(self) -> str:
        """The name of the admin's User: what stands before the `@`, as a slug."""
        return slug(self.admin.partition("@")[0]) or "admin"


def checked_name(text: str, what: str) -> str:
    """The name. Raises InputError for one that no org and no source can have."""
    if not re.match(NAME_PATTERN, text) or text != text.strip():
        raise InputError(
            f"{text!r} cannot be the name of {what}.",
            hint="Write lower-case letters, digits and dashes, at most 63, beginning with a letter or digit.",
        )
    return text


def checked_email(text: str) -> str:
    """The address in lower case. Raises InputError for what is none."""
    from pydantic import TypeAdapter, ValidationError

    from clawforge.resource.meta import Email

    try:
        address: str = TypeAdapter(Email).validate_python(text)
    except ValidationError:
        address = ""
    if not address.isprintable() or set(address) & set("\"'\\"):
        address = ""
    if not address:
        raise InputError(f"{text!r} is no e-mail address.", hint="Write it as name@example.com.")
    return address


def name_for(directory: Path) -> str | None:
    """The name of an org that a directory suggests, without the marks on its letters; None if it suggests none."""
    return slug(directory.resolve().name) or None


def made_up_admin(org: str) -> str:
    """The address of nobody, in a domain that nobody can have."""
    return f"admin@{org}.example"


def project_files(choices: Choices) -> dict[str, str]:
    """Text by path of every file."""
    from clawforge import __version__
    from clawforge_cli.schema_files import editor_files

    filled = {
        "__ORG__": choices.org,
        "__SOURCE__": choices.source,
        "__ADMIN__": choices.user,
        "__EMAIL__": choices.admin,
        "__VERSION__": __version__,
    }
    texts = {}
    for path, template in FILES.items():
        text = _template(choices.preset, template)
        for blank, value in filled.items():
            text = text.replace(blank, _scalar(value) if template.endswith(".yaml") else value)
        texts[path] = text
    return texts | editor_files(["policies/**"])


def _scalar(text: str) -> str:
    """The text as YAML spells it: names such as `null` and `007` would else be something other than text."""
    from clawforge.load.yaml import compose

    documents, problems = compose(f"[{text}]\n".encode(), file="")
    return text if not problems and documents[0].value == [text] else f'"{text}"'


def _template(preset: Preset, name: str) -> str:
    """The preset's own template, else the one that all share."""
    root = resources.files("clawforge_cli.templates")
    own = root / preset.value / name
    return (own if own.is_file() else root / Preset.STARTER.value / name).read_text(encoding="utf-8")
