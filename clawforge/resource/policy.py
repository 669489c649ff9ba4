"""Policy: what matching agents may do. Every field declares how values of several policies meet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from clawforge.resource.merge import Merge, MergeRule, Vocabulary
from clawforge.resource.meta import Duration, Name, Resource, Strict, StringSet, Text
from clawforge.resource.pattern import check_command, check_domain, check_name_pattern, check_path_glob
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


def _each(check: object) -> AfterValidator:
    def run(items: tuple[str, ...]) -> tuple[str, ...]:
        for item in items:
            check(item)  # type: ignore[operator]
        return items

    return AfterValidator(run)


NamePatterns = Annotated[StringSet, _each(check_name_pattern)]
CommandPatterns = Annotated[StringSet, _each(check_command)]
DomainPatterns = Annotated[StringSet, _each(check_domain)]
PathGlobs = Annotated[StringSet, _each(check_path_glob)]

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
    allow: Annotated[NamePatterns | None, _TOOLS_INTERSECT] = None
    ask: Annotated[NamePatterns | None, _TOOLS_UNION] = None
    deny: Annotated[NamePatterns | None, _TOOLS_UNION] = None


class Exec(Strict):
    """Shell commands. `allow` names the commands that pass in the modes ask and allowlist; `deny` is best effort."""

    mode: Annotated[
        ExecMode | None,
        Merge(MergeRule.STRICTEST, default=ExecMode.FULL, order=("full", "ask", "allowlist", "deny")),
    ] = None
    allow: Annotated[CommandPatterns | None, Merge(MergeRule.EVERY_LIST)] = None
    deny: Annotated[CommandPatterns | None, _UNION] = None


class Paths(Strict):
    """Files that tools may not touch, or may only read."""

    deny: Annotated[PathGlobs | None, _UNION] = None
    read_only: Annotated[PathGlobs | None, _UNION] = None
    workspace_only: Annotated[bool | None, Merge(MergeRule.OR, default=False)] = None


class Network(Strict):
    """Hosts that tools may reach; `allow` left out means any."""

    allow: Annotated[DomainPatterns | None, _DOMAINS_INTERSECT] = None
    deny: Annotated[DomainPatterns | None, _DOMAINS_UNION] = None
    private_addresses: Annotated[
        PrivateAddresses | None,
        Merge(MergeRule.STRICTEST, default=PrivateAddresses.ALLOW, order=("allow", "deny")),
    ] = None


class Mcp(Strict):
    """MCP servers by name; as `tools`."""

    allow: Annotated[NamePatterns | None, _NAMES_INTERSECT] = None
    deny: Annotated[NamePatterns | None, _NAMES_UNION] = None


class Skills(Strict):
    """Whether skills need an approval, and where they may come from; `sources` left out means anywhere."""

    require_approval: Annotated[bool | None, Merge(MergeRule.OR, default=False)] = None
    sources: Annotated[NamePatterns | None, _NAMES_INTERSECT] = None


class Audit(Strict):
    """What agents report."""

    level: Annotated[
        AuditLevel | None,
        Merge(MergeRule.STRICTEST, default=AuditLevel.METADATA, order=("off", "metadata", "full")),
    ] = None
    content: Annotated[
        AuditContent | None,
        Merge(MergeRule.STRICTEST, default=AuditContent.NONE, order=("full", "redacted", "none")),
    ] = None


class Offline(Strict):
    """How long an agent may go on without hearing from the server."""

    mode: Annotated[
        OfflineMode | None, Merge(MergeRule.STRICTEST, default=OfflineMode.CACHED, order=("cached", "block"))
    ] = None
    lease: Annotated[Duration | None, Merge(MergeRule.MIN, default=300)] = None
    max_stale: Annotated[Duration | None, Merge(MergeRule.MIN, default=86_400)] = None


class PolicyRules(Strict):
    """The sections of a policy: what it says, apart from whom it is for."""

    tools: Tools | None = None
    exec: Exec | None = None
    paths: Paths | None = None
    network: Network | None = None
    mcp: Mcp | None = None
    skills: Skills | None = None
    audit: Audit | None = None
    offline: Offline | None = None
    message: Annotated[Text | None, Merge(MergeRule.MOST_SPECIFIC)] = None


PolicyAddress = Annotated[str, Field(pattern=r"^Policy/[a-z0-9][a-z0-9-]{0,62}$")]


class PolicyTargeting(Targeted):
    """Whom a policy is for, and how it takes part."""

    mode: PolicyMode = PolicyMode.BASE
    enforcement: Enforcement = Enforcement.ENFORCE
    extends: Annotated[tuple[PolicyAddress, ...], Field(max_length=16)] = ()


class PolicySpec(PolicyRules, PolicyTargeting):
    """Targeting, then sections: pydantic takes the fields of the last base first."""


class Policy(Resource):
    """What matching agents may do."""

    kind: Literal["Policy"] = "Policy"
    spec: PolicySpec


def parent_names(spec: PolicySpec) -> tuple[Name, ...]:
    """Names of the policies that this one extends, in order."""
    return tuple(address.partition("/")[2] for address in spec.extends)
