"""What clawforge.yaml says about lint: levels of rules, the files they are for, and conventions for metadata."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from clawforge.load.glob import Globs
from clawforge.resource.meta import Name, SetItem, Strict, as_set
from clawforge.resource.pattern import Regex
from clawforge.resource.registry import BY_KIND


def _kind(text: str) -> str:
    if text not in BY_KIND:
        raise ValueError(f"{text!r} names no kind that exists: use one of {', '.join(BY_KIND)}")
    return text


KindName = Annotated[str, AfterValidator(_kind), WithJsonSchema({"type": "string", "enum": list(BY_KIND)})]
Key = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class LintLevel(StrEnum):
    """What a rule's findings count as."""

    OFF = "off"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class RuleSetting(Strict):
    """What one rule's findings count as, and in which files. A finding is in the file of its resource."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    level: LintLevel | None = None
    """What its findings count as; left out, what the rule itself says."""
    include: Annotated[Globs, Field(min_length=1)] | None = None
    """Globs of the only files in which the rule counts; left out, all."""
    exclude: Globs = ()
    """Globs of files in which it does not, whatever `include` says."""

    @model_validator(mode="after")
    def _says_something(self) -> RuleSetting:
        if not self.model_fields_set:
            raise ValueError("a rule's setting is empty: write a level, `include` or `exclude`")
        return self


class KeyConvention(Strict):
    """What one label or annotation is like."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["values", "pattern"]}})

    required: bool = False
    """Whether every resource has it."""
    values: Annotated[tuple[SetItem, ...], Field(min_length=1), AfterValidator(as_set)] | None = None
    """The only values that it has; left out, any."""
    pattern: Regex | None = None
    """A regular expression in RE2 syntax that the whole value matches; either this or `values`."""
    kinds: Annotated[tuple[KindName, ...], Field(min_length=1), AfterValidator(as_set)] = ()
    """Only resources of these kinds; left out, all."""

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> KeyConvention:
        if self.values is not None and self.pattern is not None:
            raise ValueError("a convention has both `values` and `pattern`: write one of them")
        return self

    def concerns(self, kind: str) -> bool:
        """Whether resources of a kind keep it."""
        return not self.kinds or kind in self.kinds


class Conventions(Strict):
    """What labels and annotations are like in this project, for the rule `metadata-convention`."""

    labels: dict[Key, KeyConvention] = {}
    """By the key of the label."""
    annotations: dict[Key, KeyConvention] = {}
    """By the key of the annotation."""
    closed: bool = False
    """Whether there are no labels but these; annotations stay open."""


NO_CONVENTIONS = Conventions()


class LintSettings(Strict):
    """Settings of lint rules. A rule that refuses the project by itself can neither be lowered nor limited to files."""

    levels: dict[Name, LintLevel | RuleSetting] = {}
    """By the rule's id: its level, or its level and the files that it is for."""
    conventions: Conventions = NO_CONVENTIONS
    """What labels and annotations are like in this project."""


def setting_of(written: LintLevel | RuleSetting) -> RuleSetting:
    """The long form of a level."""
    return written if isinstance(written, RuleSetting) else RuleSetting(level=written)


def named_globs(setting: RuleSetting) -> Iterable[tuple[str, str]]:
    """Each glob of a setting with its place below the setting: `/include/0`."""
    for field, globs in (("include", setting.include or ()), ("exclude", setting.exclude)):
        for index, glob in enumerate(globs):
            yield f"/{field}/{index}", glob
