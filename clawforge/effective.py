"""The effective policy: what one class of subjects may do, as agents receive it (SPEC.md 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from clawforge.canonical import digest
from clawforge.diagnostic import Location
from clawforge.resource.dlp_rule_set import DlpAction, DlpDirection, DlpSeverity
from clawforge.resource.meta import Duration, Instant, Sha256, Strict
from clawforge.resource.policy import AuditContent, AuditLevel, ExecMode, OfflineMode, PrivateAddresses
from clawforge.resource.targeting import Enforcement
from clawforge.resource.version_target import ComponentTarget, VersionEnforcement

EFFECTIVE_SCHEMA = "clawforge.effective/v1"


class EffectiveTools(Strict):
    """Patterns with groups, aliases and profiles expanded; `allow` None means everything that is not denied."""

    allow: tuple[str, ...] | None = None
    ask: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class EffectiveExec(Strict):
    """`allow` holds lists; a command must match every one of them. No list at all: nothing passes by itself."""

    mode: ExecMode = ExecMode.FULL
    allow: tuple[tuple[str, ...], ...] = ()
    deny: tuple[str, ...] = ()


class EffectivePaths(Strict):
    """Globs as written; the agent expands `~` and `$WORKSPACE`."""

    deny: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    workspace_only: bool = False


class EffectiveNetwork(Strict):
    """`allow` None means any host."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    private_addresses: PrivateAddresses = PrivateAddresses.ALLOW


class EffectiveMcp(Strict):
    """`allow` None means every server that is not denied."""

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()


class EffectiveSkillRules(Strict):
    """`sources` None means anywhere."""

    require_approval: bool = False
    sources: tuple[str, ...] | None = None


class EffectiveAudit(Strict):
    """What the agent reports."""

    level: AuditLevel = AuditLevel.METADATA
    content: AuditContent = AuditContent.NONE


class EffectiveOffline(Strict):
    """Seconds in the model, `5m` in JSON."""

    mode: OfflineMode = OfflineMode.CACHED
    lease: Duration = 300
    max_stale: Duration = 86_400


class Rules(Strict):
    """One complete set of decided values."""

    tools: EffectiveTools = EffectiveTools()
    exec: EffectiveExec = EffectiveExec()
    paths: EffectivePaths = EffectivePaths()
    network: EffectiveNetwork = EffectiveNetwork()
    mcp: EffectiveMcp = EffectiveMcp()
    skills: EffectiveSkillRules = EffectiveSkillRules()
    audit: EffectiveAudit = EffectiveAudit()
    offline: EffectiveOffline = EffectiveOffline()
    message: str = ""


NOTHING_ALLOWED = Rules(
    tools=EffectiveTools(allow=()), exec=EffectiveExec(mode=ExecMode.DENY), mcp=EffectiveMcp(allow=())
)
"""What a subject gets that no base policy matches."""


class EffectiveDlpRule(Strict):
    """A rule of a DlpRuleSet that applies; `tools` has its groups expanded, empty means every tool."""

    resource: str
    id: str
    detector: str | None = None
    pattern: str | None = None
    keywords: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    directions: tuple[DlpDirection, ...] = (DlpDirection.INPUT,)
    action: DlpAction
    severity: DlpSeverity
    enforcement: Enforcement = Enforcement.ENFORCE
    message: str = ""


class EffectiveDlp(Strict):
    """Every rule that applies, sorted by resource and id."""

    rules: tuple[EffectiveDlpRule, ...] = ()


class SkillIdentity(Strict):
    """A skill by key, narrowed by version and content digest where they are known."""

    resource: str
    key: str
    version: str | None = None
    digest: Sha256 | None = None


class EffectiveSkills(Strict):
    """Verdicts that apply to this class of subjects."""

    approved: tuple[SkillIdentity, ...] = ()
    revoked: tuple[SkillIdentity, ...] = ()


class EffectiveVersionTarget(Strict):
    """One target that applies; it blocks from `deadline`, or `grace` seconds after an instance fell out of range."""

    resource: str
    component: Literal["host", "plugin", "runtime"]
    target: ComponentTarget
    grace: Duration = 0
    deadline: Instant | None = None
    enforcement: VersionEnforcement
    message: str = ""


class EffectiveVersions(Strict):
    """Every target that applies, sorted by resource and component."""

    targets: tuple[EffectiveVersionTarget, ...] = ()


class Effective(Strict):
    """What an agent enforces (`enforced`), what it would without observe and warn (`shadow`, absent when equal), and
    what holds even for an elevated call (`floor`)."""

    schema_: Annotated[Literal["clawforge.effective/v1"], Field(alias="schema")] = "clawforge.effective/v1"
    enforced: Rules
    shadow: Rules | None = None
    shadow_warns: bool = False
    floor: Rules = Rules()
    dlp: EffectiveDlp = EffectiveDlp()
    skills: EffectiveSkills = EffectiveSkills()
    versions: EffectiveVersions = EffectiveVersions()


def effective_json(effective: Effective) -> dict[str, Any]:
    """The policy as it is hashed and sent: defaults dropped, except `schema`."""
    body = effective.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"schema": EFFECTIVE_SCHEMA, **body}


def effective_digest(effective: Effective) -> str:
    """Digest of what is decided; where it was written does not enter."""
    return digest(effective_json(effective))


class Source(Strict):
    """The place that decided a value: a resource, the JSON pointer in it, and where that stands in the files."""

    resource: str
    pointer: str = ""
    file: str | None = None
    line: int | None = None

    @property
    def location(self) -> Location | None:
        """The place in the files, where it is known."""
        return Location(self.file, self.line or 0) if self.file else None


class SourceKey(NamedTuple):
    """Names a decided value: the part (`enforced`, `shadow`, `floor`), its path (`tools.deny`) and, for a member of a
    set, the member as it stands in the effective policy (`exec`)."""

    part: str
    path: str
    member: str = ""

    def __str__(self) -> str:
        return f"{self.part}:{self.path}" + (f"#{self.member}" if self.member else "")


Provenance = Mapping[str, tuple[Source, ...]]
"""`str(SourceKey)` -> the places that decided the value, most important first."""
