"""How a skill is named at the command line: by key, or by key and content."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from clawforge.errors import InputError
from clawforge.resource.meta import Sha256
from clawforge.resource.skill_approval import SkillKey

_KEY: TypeAdapter[str] = TypeAdapter(SkillKey)
_DIGEST: TypeAdapter[str] = TypeAdapter(Sha256)
_MARK = "@sha256:"


@dataclass(frozen=True, slots=True)
class NamedSkill:
    """A skill by key; without a digest, any content of it."""

    key: str
    digest: str | None = None


def skill_words(key: str, version: str | None, digest: str | None) -> str:
    """A skill for people: `KEY`, `KEY VERSION`, `KEY@DIGEST` or `KEY VERSION@DIGEST`."""
    return "".join((key, f" {version}" if version is not None else "", f"@{digest}" if digest is not None else ""))


def parse_skill(text: str) -> NamedSkill:
    """Read `KEY` or `KEY@sha256:HEX`. Raises InputError."""
    key, mark, rest = text.rpartition(_MARK)
    named = NamedSkill(key, f"sha256:{rest}") if mark else NamedSkill(text)
    try:
        _KEY.validate_python(named.key)
        if named.digest is not None:
            _DIGEST.validate_python(named.digest)
    except ValidationError as error:
        raise InputError(
            f"{text!r} does not name a skill.", hint="Write KEY, or KEY@sha256: and 64 hexadecimal digits."
        ) from error
    return named
