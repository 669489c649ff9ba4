"""Decides one call by one effective policy (SPEC.md 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call, Follow
from clawforge.decide.judges.dlp import DlpJudge, DlpVerdict
from clawforge.decide.judges.emergency import emergency_reasons
from clawforge.decide.judges.exec import ExecJudge
from clawforge.decide.judges.mcp import McpJudge
from clawforge.decide.judges.network import NetworkJudge
from clawforge.decide.judges.paths import PathsJudge
from clawforge.decide.judges.skills import RevokedSkillsJudge, SkillRulesJudge
from clawforge.decide.judges.tools import ToolsJudge
from clawforge.decide.judges.versions import VersionsJudge
from clawforge.decide.request import Decision, InstanceFacts, Obligations, Reason, Record, Request, Runtime
from clawforge.effective import Effective, EffectiveSkills, Provenance, Rules, SkillIdentity, Source
from clawforge.resource.policy import ExecMode
from clawforge.resource.policy_test import Effect

CODES: tuple[str, ...] = (
    "kill-switch",
    "quarantine",
    "version-blocked",
    "no-policy",
    "tool-denied",
    "tool-not-allowed",
    "skill-revoked",
    "skill-not-approved",
    "skill-source-not-allowed",
    "mcp-denied",
    "mcp-not-allowed",
    "exec-denied",
    "exec-command-denied",
    "exec-not-allowed",
    "exec-not-understood",
    "path-denied",
    "path-read-only",
    "path-outside-workspace",
    "network-denied",
    "network-not-allowed",
    "network-private-address",
    "network-unknown-host",
    "dlp-block",
    "dlp-too-large",
    "tool-ask",
    "exec-ask",
    "dlp-ask",
    "dlp-redact",
    "allowed",
)
"""Every code of a reason, in the order in which reasons of one effect are listed."""

_RANK = {code: rank for rank, code in enumerate(CODES)}
_SEVERITY = {Effect.DENY: 0, Effect.ASK: 1, Effect.ALLOW: 2}
_NO_PROVENANCE: Mapping[str, tuple[Source, ...]] = MappingProxyType({})


class Decider:
    """An effective policy, compiled: each section when a call first needs it. Immutable, and safe in many
    threads."""

    def __init__(
        self,
        effective: Effective,
        *,
        provenance: Provenance = _NO_PROVENANCE,
        digest: str | None = None,
        revision: int | None = None,
    ) -> None:
        self._effective = effective
        self._provenance = provenance
        self._digest = digest
        self._revision = revision
        self._versions = VersionsJudge(effective.versions, Blame(provenance, "versions"))
        self._revoked = RevokedSkillsJudge(effective.skills, Blame(provenance, "skills"))

    def decide(
        self,
        request: Request,
        *,
        facts: InstanceFacts = InstanceFacts(),  # noqa: B008 - frozen
        runtime: Runtime = Runtime(),  # noqa: B008 - frozen
        elevated: bool = False,
        follow: Follow | None = None,
    ) -> Decision:
        """The decision on one call. Never raises: what cannot be understood is refused, with the reason why.

        `elevated`: the call is judged by the guardrails alone, besides kill, quarantine, versions,
        revocations, DLP. `follow` lets path rules see through symbolic links; without it they go by what is written.
        """
        found = self._dlp.verdict(Call(request, facts, runtime))
        calls = [Call(request, facts, runtime, discreet=found.discreet, follow=follow)]
        if found.params is not None:
            # Cutting something out changes what a command or path means, so what will really be called must pass too.
            calls.append(Call(request, facts, runtime, params=found.params, discreet=True, follow=follow))
        common = [*emergency_reasons(calls[0]), *self._versions.reasons(calls[0]), *found.reasons]
        for call in calls:
            common.extend(self._revoked.reasons(call))
        rules = self._floor if elevated else self._enforced
        reasons = _ordered((*common, *_each(rules, calls)))
        effect = reasons[0].effect if reasons else Effect.ALLOW
        records = [*found.records, *self._versions.records(calls[0])]
        if not elevated and self._shadow is not None:
            records.extend(self._differences(effect, _ordered((*common, *_each(self._shadow, calls)))))
        return Decision(
            effect=effect,
            reasons=reasons or (rules.permission(calls[0]),),
            obligations=_obligations(found, tuple(records), effect),
            digest=self._digest,
            revision=self._revision,
            message="" if effect is Effect.ALLOW else rules.message,
        )

    def _differences(self, effect: Effect, shadow: tuple[Reason, ...]) -> list[Record]:
        """What to record if policies that only observe or warn would have decided otherwise."""
        would_be = shadow[0].effect if shadow else Effect.ALLOW
        if would_be is effect:
            return []
        decisive = shadow[0] if shadow else None
        return [
            Record(
                code=f"would-be-{would_be.value}",
                message=decisive.message if decisive else "Without the policies on trial the call is refused.",
                resource=decisive.resource if decisive else None,
                warn=self._effective.shadow_warns,
            )
        ]

    @cached_property
    def _enforced(self) -> _RulesJudge:
        return self._judge(self._effective.enforced, "enforced")

    @cached_property
    def _floor(self) -> _RulesJudge:
        return self._judge(self._effective.floor, "floor")

    @cached_property
    def _shadow(self) -> _RulesJudge | None:
        rules = self._effective.shadow
        return None if rules is None else self._judge(rules, "shadow")

    @cached_property
    def _dlp(self) -> DlpJudge:
        return DlpJudge(self._effective.dlp, Blame(self._provenance, "dlp"))

    def _judge(self, rules: Rules, part: str) -> _RulesJudge:
        return _RulesJudge(rules, self._effective.skills, Blame(self._provenance, part))


class _RulesJudge:
    """The judges of one set of rules."""

    def __init__(self, rules: Rules, skills: EffectiveSkills, blame: Blame) -> None:
        approved: tuple[SkillIdentity, ...] = skills.approved
        self.message = rules.message
        self._blame = blame
        self._nothing = rules.tools.allow == () and rules.mcp.allow == () and rules.exec.mode is ExecMode.DENY
        self._tools = ToolsJudge(rules.tools, blame)
        self._mcp = McpJudge(rules.mcp, blame)
        self._exec = ExecJudge(rules.exec, blame)
        self._skills = SkillRulesJudge(rules.skills, approved, blame)
        self._paths = PathsJudge(rules.paths, blame)
        self._network = NetworkJudge(rules.network, blame)

    def reasons(self, call: Call) -> list[Reason]:
        """Every reason against the call, in no particular order."""
        if self._nothing:
            message = f"No policy lets this subject do anything, so {call.name} is denied."
            return [self._blame.reason("no-policy", Effect.DENY, message, "tools.allow")]
        return [
            *self._tools.reasons(call),
            *self._skills.reasons(call),
            *self._mcp.reasons(call),
            *self._exec.reasons(call),
            *self._paths.reasons(call),
            *self._network.reasons(call),
        ]

    def permission(self, call: Call) -> Reason:
        """Why the call passes."""
        return self._tools.permission(call)


def _each(rules: _RulesJudge, calls: Iterable[Call]) -> list[Reason]:
    return [reason for call in calls for reason in rules.reasons(call)]


def _ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The severest first, then in the order of `CODES`; what the redacted call repeats is dropped."""
    unique: dict[tuple[str, str | None, str | None], Reason] = {}
    for reason in sorted(reasons, key=lambda reason: (_SEVERITY[reason.effect], _RANK[reason.code])):
        unique.setdefault((reason.code, reason.resource, reason.path or reason.message), reason)
    return tuple(unique.values())


def _obligations(found: DlpVerdict, records: tuple[Record, ...], effect: Effect) -> Obligations:
    """A refused call gets no parameters, since it is not made."""
    params = None if effect is Effect.DENY else found.params
    return Obligations(redactions=found.redactions, params=params, record=records)
