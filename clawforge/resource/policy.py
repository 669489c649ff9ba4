"""Policy: what matching agents may do. Every field declares how values of several policies meet."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from clawforge.resource.merge import Merge, MergeRule, Vocabulary
from clawforge.resource.meta import Duration, Name, Resource, SetItem, Strict, Text, as_set
from clawforge.resource.pattern import (
    DOMAIN_SPELLING,
    NAME_PATTERN_SPELLING,
    PATH_GLOB_SPELLING,
    check_command,
    check_domain,
    check_name_pattern,
    check_path_glob,
)
from clawforge.resource.targeting import Enforcement, Targeted


class PolicyMode(StrEnum):
    """base gives the starting value; overlay and guardrail only narrow; nothing lifts a guardrail."""

    BASE = "base"
    OVERLAY = "overlay"
    GUARDRAIL = "guardrail"


class Profile(StrEnum):
    """A named allow list of the host's tool catalogue."""

    MINIMAL = "minimal"
    MESSAGING = "messaging"
    CODING = "coding"
    FULL = "full"


class ExecMode(StrEnum):
    """What happens to shell commands, from lax to strict."""

    FULL = "full"
    ASK = "ask"
    ALLOWLIST = "allowlist"
    DENY = "deny"


class PrivateAddresses(StrEnum):
    """Whether agents may reach loopback, private and link-local addresses."""

    ALLOW = "allow"
    DENY = "deny"


class AuditLevel(StrEnum):
    """How much of a call is reported, from little to much."""

    OFF = "off"
    METADATA = "metadata"
    FULL = "full"


class AuditContent(StrEnum):
    """Whether the content of calls is reported, from much to little."""

    FULL = "full"
    REDACTED = "redacted"
    NONE = "none"


class OfflineMode(StrEnum):
    """What an agent does when its lease runs out: go on with the last good policy for a while, or deny."""

    CACHED = "cached"
    BLOCK = "block"


def _checked(check: Callable[[str], None]) -> AfterValidator:
    """Item by item, so that every bad one of a list is reported, each at its own place."""

    def run(item: str) -> str:
        check(item)
        return item

    return AfterValidator(run)


def _spelled(pattern: str) -> WithJsonSchema:
    items = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": pattern}
    return WithJsonSchema({"type": "array", "items": items})


NamePatterns = Annotated[
    tuple[Annotated[SetItem, _checked(check_name_pattern)], ...],
    AfterValidator(as_set),
    _spelled(NAME_PATTERN_SPELLING),
]
CommandPatterns = Annotated[tuple[Annotated[SetItem, _checked(check_command)], ...], AfterValidator(as_set)]
DomainPatterns = Annotated[
    tuple[Annotated[SetItem, _checked(check_domain)], ...], AfterValidator(as_set), _spelled(DOMAIN_SPELLING)
]
PathGlobs = Annotated[
    tuple[Annotated[SetItem, _checked(check_path_glob)], ...], AfterValidator(as_set), _spelled(PATH_GLOB_SPELLING)
]

_UNION = Merge(MergeRule.UNION, default=())
_TOOLS_INTERSECT = Merge(MergeRule.INTERSECT, of=Vocabulary.TOOLS)
_TOOLS_UNION = Merge(MergeRule.UNION, default=(), of=Vocabulary.TOOLS)
_NAMES_INTERSECT = Merge(MergeRule.INTERSECT, of=Vocabulary.NAMES)
_NAMES_UNION = Merge(MergeRule.UNION, default=(), of=Vocabulary.NAMES)
_DOMAINS_INTERSECT = Merge(MergeRule.INTERSECT, of=Vocabulary.DOMAINS)
_DOMAINS_UNION = Merge(MergeRule.UNION, default=(), of=Vocabulary.DOMAINS)


class Tools(Strict):
    """Which tools may be called. Deny wins over ask, ask over allow; `allow` left out means everything not denied."""

    profile: Annotated[Profile | None, Merge(MergeRule.INTERSECT, default=Profile.FULL, of=Vocabulary.TOOLS)] = None
    """A named allow list of the host's catalogue."""
    allow: Annotated[NamePatterns | None, _TOOLS_INTERSECT] = None
    """The tools that may be called; left out, everything that is not denied; `[]`, nothing."""
    ask: Annotated[NamePatterns | None, _TOOLS_UNION] = None
    """The tools whose calls a person must approve."""
    deny: Annotated[NamePatterns | None, _TOOLS_UNION] = None
    """The tools that may not be called, whatever else allows them."""


class Exec(Strict):
    """Shell commands. `allow` names the commands that pass in the modes ask and allowlist; `deny` is best effort."""

    mode: Annotated[
        ExecMode | None,
        Merge(MergeRule.STRICTEST, default=ExecMode.FULL, order=("full", "ask", "allowlist", "deny")),
    ] = None
    """Whether all commands pass or only those that `allow` matches, and what happens to the others."""
    allow: Annotated[CommandPatterns | None, Merge(MergeRule.EVERY_LIST)] = None
    """Patterns of commands that pass; every simple command of a command line must match one."""
    deny: Annotated[CommandPatterns | None, _UNION] = None
    """Patterns of commands that are refused; best effort, for a shell has many ways to write one command."""


class Paths(Strict):
    """Files that tools may not touch, or may only read."""

    deny: Annotated[PathGlobs | None, _UNION] = None
    """Globs of files that may be neither read nor written."""
    read_only: Annotated[PathGlobs | None, _UNION] = None
    """Globs of files that may be read and not written."""
    workspace_only: Annotated[bool | None, Merge(MergeRule.OR, default=False)] = None
    """Whether files outside the workspace are refused."""


class Network(Strict):
    """Hosts that tools may reach; `allow` left out means any."""

    allow: Annotated[DomainPatterns | None, _DOMAINS_INTERSECT] = None
    """The domains that may be reached; left out, any; `[]`, none."""
    deny: Annotated[DomainPatterns | None, _DOMAINS_UNION] = None
    """The domains that may not be reached, whatever else allows them."""
    private_addresses: Annotated[
        PrivateAddresses | None,
        Merge(MergeRule.STRICTEST, default=PrivateAddresses.ALLOW, order=("allow", "deny")),
    ] = None
    """Whether loopback, private and link-local addresses may be reached."""


class Mcp(Strict):
    """MCP servers by name; as `tools`."""

    allow: Annotated[NamePatterns | None, _NAMES_INTERSECT] = None
    """The servers whose tools may be called; left out, any that is not denied; `[]`, none."""
    deny: Annotated[NamePatterns | None, _NAMES_UNION] = None
    """The servers whose tools may not be called."""


class Skills(Strict):
    """Whether skills need an approval, and where they may come from; `sources` left out means anywhere."""

    require_approval: Annotated[bool | None, Merge(MergeRule.OR, default=False)] = None
    """Whether a skill runs only with a SkillApproval."""
    sources: Annotated[NamePatterns | None, _NAMES_INTERSECT] = None
    """Where skills may come from; left out, anywhere."""


class Audit(Strict):
    """What agents report."""

    level: Annotated[
        AuditLevel | None,
        Merge(MergeRule.STRICTEST, default=AuditLevel.METADATA, order=("off", "metadata", "full")),
    ] = None
    """How much of every call is reported."""
    content: Annotated[
        AuditContent | None,
        Merge(MergeRule.STRICTEST, default=AuditContent.NONE, order=("full", "redacted", "none")),
    ] = None
    """Whether the parameters and results of calls are reported."""


class Offline(Strict):
    """How long an agent may go on without hearing from the server."""

    mode: Annotated[
        OfflineMode | None, Merge(MergeRule.STRICTEST, default=OfflineMode.CACHED, order=("cached", "block"))
    ] = None
    """What happens when the lease ends and the server does not answer."""
    lease: Annotated[Duration | None, Merge(MergeRule.MIN, default=300)] = None
    """How long a policy counts without word from the server."""
    max_stale: Annotated[Duration | None, Merge(MergeRule.MIN, default=86_400)] = None
    """In mode `cached`, how long after its lease was issued a policy still counts."""


class PolicyRules(Strict):
    """The sections of a policy: what it says, apart from whom it is for."""

    tools: Tools | None = None
    """Which tools may be called."""
    exec: Exec | None = None
    """Which shell commands may be run."""
    paths: Paths | None = None
    """Which files may be touched."""
    network: Network | None = None
    """Which hosts may be reached."""
    mcp: Mcp | None = None
    """Which MCP servers may be used."""
    skills: Skills | None = None
    """Which skills may run."""
    audit: Audit | None = None
    """What agents report."""
    offline: Offline | None = None
    """How long an agent may go on alone."""
    message: Annotated[Text | None, Merge(MergeRule.MOST_SPECIFIC)] = None
    """What a person reads when this policy refuses a call."""


PolicyAddress = Annotated[str, Field(pattern=r"^Policy/[a-z0-9][a-z0-9-]{0,62}$")]


class PolicyTargeting(Targeted):
    """Whom a policy is for, and how it takes part."""

    mode: PolicyMode = PolicyMode.BASE
    """How the policy takes part: it gives the starting value, narrows it, or narrows it for good."""
    enforcement: Enforcement = Enforcement.ENFORCE
    """Whether it decides or only records."""
    extends: Annotated[tuple[PolicyAddress, ...], Field(max_length=16)] = ()
    """Policies that this one starts from, in order: what they deny adds up; for the rest, what stands here wins."""


class PolicySpec(PolicyRules, PolicyTargeting):
    """Whom the policy is for, when, and what it says."""

    # pydantic takes the fields of the last base first: targeting, then sections.


class Policy(Resource):
    """What matching agents may do."""

    kind: Literal["Policy"] = "Policy"
    spec: PolicySpec


def parent_names(spec: PolicySpec) -> tuple[Name, ...]:
    """Names of the policies that this one extends, in order."""
    return tuple(address.partition("/")[2] for address in spec.extends)
