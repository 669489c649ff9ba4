"""An elevation or a temporary grant as a base policy: what was lifted for a while, written down to stay.

Only another base widens (SPEC.md 3), so the policy is a base for exactly the person, machine, agents and context that
the overlay was for. Where the present base denies nothing of it, the new one extends it; a list that unites cannot be
made shorter by extending, so else it is a copy. Tools can be allowed so, and commands; other sections hold for all
tools alike, and stay. What an overlay policy or a guardrail holds back is refused: no base lifts it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.names import NamePattern, intersect, matches
from clawforge.effective import Rules, SourceKey
from clawforge.errors import InputError
from clawforge.load.resource import parse_resource
from clawforge.overlay.lifted_names import LiftedNames, UnsayableError
from clawforge.overlay.said import as_sections, said_by
from clawforge.resolve.field import policy_fields
from clawforge.resolve.org import OrgModel, Resolution, is_any_base
from clawforge.resolve.subject import Subject
from clawforge.resolve.variants import horizon, variants
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import API_VERSION, Resource
from clawforge.resource.policy import ExecMode, Policy, Profile

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_LONGEST_NAME = 63
_HIGHEST_PRIORITY = 1_000_000
_USUAL_PRIORITY = 100
_RUNS_COMMANDS = "exec"
_LEFT_ALONE = ("paths", "network", "mcp", "skills")
"""Sections that were lifted with the tools, and cannot be for some tools alone."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """What was lifted, for whom, why, and by whose agreement. `subject` has neither agent nor context; of `agents` none
    means all. `what` says what sort of overlay it was."""

    overlay: str
    what: str
    grant: str
    subject: Subject
    tools: tuple[str, ...]
    never: tuple[str, ...]
    agents: tuple[str, ...]
    context: str | None
    reason: str
    ticket: str | None
    approved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastingPolicy:
    """The policy as a document. `remarks` are what it does not say, and what follows from how it is written."""

    value: dict[str, JsonValue]
    remarks: tuple[str, ...]


def lasting_policy(resources: Sequence[Resource], lifted: Lifted, now: dt.datetime) -> LastingPolicy:
    """The base policy that allows for good what was lifted, proved with the library to do so.

    Raises InputError (`not-codified`) for a subject that has several bases or is suspended, for what a guardrail or an
    overlay policy holds back, and for what no list of tools can say.
    """
    model = OrgModel(resources)
    names = LiftedNames.of(lifted.tools, lifted.never, catalogue(DEFAULT_HOST))
    if not names.tools:
        raise _refusal("Nothing of it is lifted: `neverElevate` has all of it.")
    present = _present(model, lifted, now)
    _refuse_held(present, names, "floor")
    base = _base(model, resources, present, lifted)
    policies = {item.address: item for item in resources if isinstance(item, Policy)}
    try:
        sections, remarks = _sections(base, policies, names)
    except UnsayableError as error:
        raise _refusal(
            f"`{error.pattern}` means more than {', '.join(names.tools)}, and no list can make an exception from it.",
            f"Write the tools that {base.address if base else 'it'} denies one by one, and run this again.",
        ) from error
    value = _document(lifted, base, sections, {item.metadata.name for item in policies.values()})
    policy = parse_resource(value)
    if not isinstance(policy, Policy):
        raise _refusal("No policy can say it.")
    after = _present(OrgModel([*resources, policy]), lifted, now)
    for found in after:
        if found.base != policy.address:
            raise _refusal(f"{found.base} would go before it.", "Lower the priority of that one.")
    _refuse_held(after, names, "enforced", but=policy.address)
    remarks += [f"{name} opens at times of its own, and then gives way to this one." for name in _later(model, lifted)]
    return LastingPolicy(value, (*remarks, *_held_in_part(after, names, policy.address)))


def _present(model: OrgModel, lifted: Lifted, now: dt.datetime) -> list[Resolution]:
    """What the subject gets, through every agent and in every context that the overlay counted for, for seven days."""
    start, end = horizon(now)
    found, _ = variants(model, lifted.subject, start, end)
    agents: Iterable[str | None] = lifted.agents or dict.fromkeys(item.agent for item in found)
    contexts = [lifted.context] if lifted.context is not None else list(dict.fromkeys(item.context for item in found))
    moments = sorted({item.from_ for item in found})
    subjects = [
        lifted.subject.model_copy(update={"agent": agent, "context": context})
        for agent in agents
        for context in contexts
    ]
    resolved = [model.resolve(subject, at) for subject in subjects for at in moments]
    return list({(item.digest, item.base): item for item in resolved}.values())


def _later(model: OrgModel, lifted: Lifted) -> list[str]:
    """The bases with a schedule that are for the subject. Those that open within seven days were looked at."""
    candidates = model.index.candidates(model.facts(lifted.subject))
    targets = [model.index.targets[item.target] for item in candidates]
    return [item.address for item in targets if item.schedule is not None and is_any_base(item.resource)]


def _base(
    model: OrgModel, resources: Sequence[Resource], present: Sequence[Resolution], lifted: Lifted
) -> Policy | None:
    alerts = {alert.code: alert.message for found in present for alert in found.alerts}
    for code in ("user-suspended", "base-tie"):
        if code in alerts:
            raise _refusal(f"There is no base to begin with: {alerts[code]}")
    bases = sorted({found.base or "no base" for found in present})
    if len(bases) > 1:
        raise _refusal(
            f"By agent, context or time {lifted.subject.user} has several bases there: {', '.join(bases)}.",
            "One policy cannot stand for all of them: write one for each.",
        )
    return next((item for item in resources if isinstance(item, Policy) and item.address == bases[0]), None)


def _refuse_held(present: Iterable[Resolution], names: LiftedNames, part: str, but: str = "") -> None:
    """Raise InputError if something of it is denied, by whatever is not `but`."""
    for found in present:
        rules = found.effective.floor if part == "floor" else found.effective.enforced
        keys = _denying(rules, names, part)
        if not keys:
            continue
        by = sorted({place.resource for key in keys for place in found.provenance.get(key, ())} - {but})
        raise _refusal(
            f"No base policy lifts what {' and '.join(by) or 'something else'} denies of {', '.join(names.tools)}.",
            "An elevation lifts no guardrail either."
            if part == "floor"
            else "It is an overlay policy: except the person there, or loosen it.",
        )


def _denying(rules: Rules, names: LiftedNames, part: str) -> list[str]:
    """The keys of the values by which a lifted tool is denied altogether."""
    core = names.catalogue.tools
    found = []
    for tool in names.tools:
        wanted = NamePattern.parse(tool)
        deny = [one for one in rules.tools.deny if (read := NamePattern.parse(one)) and wanted and read.covers(wanted)]
        found += [str(SourceKey(part, "tools.deny", one)) for one in deny]
        if rules.tools.allow is not None and not intersect(rules.tools.allow, (tool,), core):
            found.append(str(SourceKey(part, "tools.allow")))
    if _runs_commands(names) and rules.exec.mode is ExecMode.DENY:
        found.append(str(SourceKey(part, "exec.mode")))
    return found


def _held_in_part(after: Iterable[Resolution], names: LiftedNames, policy: str) -> list[str]:
    """What others still hold back of it."""
    found: dict[str, None] = {}
    for each in after:
        rules = each.effective.enforced
        paths = [f"tools.{part}" for part in ("deny", "ask") if any(map(names.meets, getattr(rules.tools, part)))]
        if _runs_commands(names):
            paths += ["exec.mode"] if rules.exec.mode is not ExecMode.FULL else []
            paths += ["exec.deny"] if rules.exec.deny else []
        for path in paths:
            keys = [key for key in each.provenance if key.split("#")[0] == str(SourceKey("enforced", path))]
            by = {place.resource for key in keys for place in each.provenance[key]} - {policy}
            found.update(dict.fromkeys(f"{address} still says {path} about it." for address in sorted(by)))
    return list(found)


def _runs_commands(names: LiftedNames) -> bool:
    return matches(names.tools, _RUNS_COMMANDS, names.catalogue.tools)


def _sections(base: Policy | None, policies: dict[str, Policy], names: LiftedNames) -> tuple[dict[str, Any], list[str]]:
    """What the new base says apart from whom it is for, and remarks on it."""
    if base is None:
        return {"tools": {"allow": list(names.tools), **({"deny": list(names.never)} if names.never else {})}}, []
    said = said_by(base, policies)
    changed = _changed(said, names)
    commands = _runs_commands(names) and any(path.startswith("exec.") for path in said)
    united = {field.path for field in policy_fields() if field.merge.rule is MergeRule.UNION}
    shorter = any(set(said.get(path, ())) - set(values) for path, values in changed.items() if path in united)
    shorter = shorter or (commands and bool(said.get("exec.deny")))
    remarks = [
        f"`{section}` holds on: it was lifted for these tools alone, which no policy can say."
        for section in _LEFT_ALONE
        if any(path.startswith(f"{section}.") for path in said)
    ]
    if commands:
        remarks.append("Every command passes, for good: `clawforge suggest` narrows that to what was seen to be run.")
    if shorter:
        remarks.append(f"It is a copy: what changes in {base.address} from now on does not change here.")
        kept = {path: value for path, value in said.items() if not (commands and path.startswith("exec."))}
        return as_sections({**kept, **changed}), remarks
    if commands:
        changed["exec.mode"] = ExecMode.FULL.value
    return {"extends": [base.address], **as_sections(changed)}, remarks


def _changed(said: dict[str, Any], names: LiftedNames) -> dict[str, Any]:
    """The lists of tools that are to say something else. Raises UnsayableError."""
    found: dict[str, Any] = {}
    denied: tuple[str, ...] = ()
    expanded = _allowed(said, names)
    if expanded is not None:
        allow, denied = names.added_to(expanded)
        if set(allow) != set(expanded):
            written = said.get("tools.allow")
            folded = said.get("tools.profile", Profile.FULL.value) != Profile.FULL.value
            missing = [name for name in allow if name not in expanded]
            found["tools.allow"] = list(allow) if folded or written is None else [*written, *missing]
            if folded:
                found["tools.profile"] = Profile.FULL.value
    for path in ("tools.deny", "tools.ask"):
        before = said.get(path, [])
        after = names.without(before)
        if path == "tools.deny":
            after = tuple(dict.fromkeys((*after, *denied)))
        if list(after) != list(before):
            found[path] = list(after)
    return found


def _allowed(said: dict[str, Any], names: LiftedNames) -> tuple[str, ...] | None:
    """What the profile and the allow list let pass together; None for everything."""
    core = names.catalogue.tools
    allow = said.get("tools.allow")
    expanded = None if allow is None else names.catalogue.expand_all(tuple(allow))
    profile = names.catalogue.profile(said.get("tools.profile", Profile.FULL.value))
    if profile is None:
        return expanded
    return profile if expanded is None else intersect(profile, expanded, core)


def _document(lifted: Lifted, base: Policy | None, sections: dict[str, Any], taken: set[str]) -> dict[str, JsonValue]:
    instance = lifted.subject.instance
    whom: dict[str, JsonValue] = {"users": [lifted.subject.user]}
    if instance is not None:
        whom["instances"] = [instance]
    if lifted.agents:
        whom["agents"] = list(lifted.agents)
    if lifted.context is not None:
        whom["contexts"] = [lifted.context]
    annotations: dict[str, JsonValue] = {"codified-from": f"{lifted.what} {lifted.overlay}"}
    if lifted.reason.strip():
        annotations["reason"] = lifted.reason
    if lifted.ticket is not None:
        annotations["ticket"] = lifted.ticket
    if lifted.approved_by:
        annotations["approved-by"] = ", ".join(lifted.approved_by)
    spec: dict[str, JsonValue] = {"appliesTo": whom, **sections}
    priority = _priority(base, whom)
    if priority != _USUAL_PRIORITY:
        spec["priority"] = priority
    return {
        "apiVersion": API_VERSION,
        "kind": "Policy",
        "metadata": {"name": _free_name(lifted, taken), "annotations": annotations},
        "spec": spec,
    }


def _priority(base: Policy | None, whom: dict[str, JsonValue]) -> int:
    """Above the present base where that is for the same keys."""
    if base is None or base.spec.applies_to == "everyone":
        return _USUAL_PRIORITY
    keys = {key for key in ("users", "instances", "agents", "contexts") if getattr(base.spec.applies_to, key)}
    if keys < whom.keys() and not (
        base.spec.applies_to.groups or base.spec.applies_to.roles or base.spec.applies_to.tags
    ):
        return _USUAL_PRIORITY
    return max(_USUAL_PRIORITY, min(base.spec.priority + 1, _HIGHEST_PRIORITY))


def _free_name(lifted: Lifted, taken: set[str]) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", f"{lifted.grant}-for-{lifted.subject.user}".lower()).strip("-")
    short = words[: _LONGEST_NAME - 4].rstrip("-")
    names = (short, *(f"{short}-{count}" for count in range(2, 1000)))
    return next(name for name in names if name not in taken)


def _refusal(message: str, hint: str = "Loosen the policy itself, and have it reviewed.") -> InputError:
    return InputError(message, hint=hint, code="not-codified")
