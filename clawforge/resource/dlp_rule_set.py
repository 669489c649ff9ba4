"""DlpRuleSet: what must not leave in a tool call, and what happens when it tries."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from clawforge.resource.meta import Name, Resource, Strict, StringSet, Text
from clawforge.resource.pattern import Regex
from clawforge.resource.policy import NamePatterns
from clawforge.resource.targeting import Enforcement, Targeted


class DlpDirection(StrEnum):
    """input: what the agent gives a tool; output: what the tool returns; outbound: what leaves for a channel."""

    INPUT = "input"
    OUTPUT = "output"
    OUTBOUND = "outbound"


class DlpAction(StrEnum):
    """From strict to lax; warn and log only record."""

    BLOCK = "block"
    ASK = "ask"
    REDACT = "redact"
    WARN = "warn"
    LOG = "log"


class DlpSeverity(StrEnum):
    """How bad a match is, for those who read the reports."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class DlpRule(Strict):
    """One detector or RE2 pattern, where it looks, and what it does."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["detector"]}, {"required": ["pattern"]}]})

    id: Name
    """The rule's name, unique in the set; reports and redactions name it."""
    detector: Name | None = None
    """A built-in detector, such as `private-key`; either this or `pattern`."""
    pattern: Regex | None = None
    """A regular expression in RE2 syntax that does not match the empty text; either this or `detector`."""
    keywords: StringSet = ()
    """If given, one of them must occur in the text, whatever its case; that makes a pattern faster and rarer."""
    tools: NamePatterns = ()
    """The tools whose calls are scanned; left out, every tool."""
    directions: Annotated[tuple[DlpDirection, ...], Field(min_length=1)] = (DlpDirection.INPUT,)
    """Which texts are scanned."""
    action: DlpAction
    """What happens when something is found."""
    severity: DlpSeverity = DlpSeverity.HIGH
    """How bad a find is."""
    message: Text = ""
    """What a person reads when the rule refuses a call."""

    @model_validator(mode="after")
    def _one_way_to_find(self) -> DlpRule:
        if self.detector is None and self.pattern is None:
            raise ValueError("a rule finds nothing: give it a `detector` or a `pattern`")
        if self.detector is not None and self.pattern is not None:
            raise ValueError("`pattern` stands beside `detector`: leave out one of them")
        return self


class DlpRuleSetSpec(Targeted):
    """Rules for the subjects that match; `tools` left out means every tool."""

    enforcement: Enforcement = Enforcement.ENFORCE
    """Whether the rules decide or only record."""
    rules: Annotated[tuple[DlpRule, ...], Field(min_length=1, max_length=512)]
    """The rules; the strictest action of all that find something wins."""

    @model_validator(mode="after")
    def _ids_differ(self) -> DlpRuleSetSpec:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"two rules are called {rule.id!r}")
            seen.add(rule.id)
        return self


class DlpRuleSet(Resource):
    """Rules against leaks."""

    kind: Literal["DlpRuleSet"] = "DlpRuleSet"
    spec: DlpRuleSetSpec
