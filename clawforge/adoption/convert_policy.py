"""The policy and the kill switch of the public ClawForge as policies here: nothing becomes looser on the way.

What its plugin does with a policy, and what therefore counts: names are exact and their case does not matter; a `*` is
an ordinary character; `allow: []` means everything; a profile is handed on and enforced by nobody.
"""

from __future__ import annotations

from typing import Any

from clawforge.adoption.conversion import Fate, Report
from clawforge.adoption.public_documents import PolicyAnswer, PublicExport, PublicTools
from clawforge.resource.pattern import check_name_pattern
from clawforge.resource.policy import AuditLevel, Profile

_FILE_TOOLS = frozenset({"read", "write", "edit", "group:fs"})


def convert_policy(export: PublicExport, report: Report) -> None:
    """`Policy/default` for everyone, and `Policy/kill-switch` while the switch is on."""
    policy = export.policy
    _note_others(export, report)
    if policy is None:
        return
    report.unknown("policy", policy.unknown)
    spec: dict[str, Any] = {"appliesTo": "everyone"}
    tools = _tools(policy.tools_config or policy.tools, report)
    spec |= {"tools": tools} if tools else {}
    spec |= _skills(policy, report)
    if policy.audit_level in set(AuditLevel):
        spec["audit"] = {"level": policy.audit_level}
        if policy.audit_level == AuditLevel.FULL:
            message = "Every call is reported without its parameters and results, unless `audit.content` asks for them."
            report.say(Fate.CHANGED, "policy.auditLevel", message)
    elif policy.audit_level is not None:
        message = f"{policy.audit_level!r} is no level; what the Organization says counts instead."
        report.say(Fate.DROPPED, "policy.auditLevel", message)
    report.add("Policy", "default", spec, "policy")
    _kill_switch(policy, report)


def _note_others(export: PublicExport, report: Report) -> None:
    policies = export.policies.policies if export.policies else ()
    taken = export.policy.id if export.policy else None
    for item in policies:
        if item.id != taken or taken is None:
            where = f"policies/{item.name or item.id}"
            message = "Only the default policy is carried over. Write this one, and whom it was assigned to, by hand."
            report.say(Fate.DROPPED, where, message)


def _tools(tools: PublicTools | None, report: Report) -> dict[str, Any]:
    if tools is None:
        return {}
    report.unknown("policy.toolsConfig", tools.unknown)
    found: dict[str, Any] = {}
    if tools.profile is not None:
        found |= _profile(tools.profile, report)
    if tools.allow:
        found["allow"] = _allowed(tools.allow, report)
    elif tools.allow is not None:
        message = "An empty list allowed everything there and would allow nothing here, so it is left out."
        report.say(Fate.CHANGED, "policy.toolsConfig.allow", message)
    denied = _denied(tools.deny or (), report)
    found |= {"deny": denied} if denied else {}
    if _FILE_TOOLS & set(denied):
        message = (
            "While file tools are denied, the old plugin also refused shell commands such as cat and rm, as far as it "
            "recognised them. Here say so under `exec`: mode deny, or an allow list."
        )
        report.say(Fate.CHANGED, "policy.toolsConfig.deny", message)
    if any(name.startswith("group:") for name in (*found.get("allow", ()), *denied)):
        message = "Groups stand for the tools of the host's present catalogue, which are more than the old plugin knew."
        report.say(Fate.CHANGED, "policy.toolsConfig", message)
    return found


def _profile(profile: str, report: Report) -> dict[str, Any]:
    where = "policy.toolsConfig.profile"
    if profile not in set(Profile):
        message = f"{profile!r} is no profile here. The old plugin enforced none, so nothing becomes looser without it."
        report.say(Fate.DROPPED, where, message)
        return {}
    if profile != Profile.FULL:
        report.say(Fate.CHANGED, where, f"{profile!r} is enforced from now on; the old plugin enforced no profile.")
    return {"profile": profile}


def _allowed(names: tuple[str, ...], report: Report) -> list[str]:
    """Exact names and groups. A `*` would allow more than it did."""
    where = "policy.toolsConfig.allow"
    found = []
    for name in map(_normal, names):
        if "*" in name or not _is_pattern(name):
            report.say(Fate.DROPPED, where, f"{name!r} allowed no tool there, so it allows none here.")
        else:
            found.append(name)
    return sorted(set(found))


def _denied(names: tuple[str, ...], report: Report) -> list[str]:
    where = "policy.toolsConfig.deny"
    found = []
    for name in map(_normal, names):
        if not _is_pattern(name):
            report.say(Fate.DROPPED, where, f"{name!r} is no pattern here. It denied no tool there either.")
            continue
        if "*" in name:
            report.say(Fate.CHANGED, where, f"{name!r} denied no tool there; here it denies what begins so.")
        found.append(name)
    return sorted(set(found))


def _normal(name: str) -> str:
    return name.strip().lower()


def _is_pattern(name: str) -> bool:
    try:
        check_name_pattern(name)
    except ValueError:
        return False
    return True


def _skills(policy: PolicyAnswer, report: Report) -> dict[str, Any]:
    skills = policy.skills_config
    if skills is None:
        return {}
    report.unknown("policy.skillsConfig", skills.unknown)
    for item in skills.approved or ():
        message = f"{item.key or item.name!r} stands in the policy, which the server did not hand to agents: not taken."
        report.say(Fate.DROPPED, "policy.skillsConfig.approved", message)
    return {} if skills.require_approval is None else {"skills": {"requireApproval": skills.require_approval}}


def _kill_switch(policy: PolicyAnswer, report: Report) -> None:
    active, message = policy.kill
    if not active:
        if message:
            report.say(Fate.DROPPED, "policy.killSwitchMessage", "The switch is off, so its message is not needed.")
        return
    said = report.text(message, "policy.killSwitchMessage") if message else "The organization stopped every assistant."
    spec = {"appliesTo": "everyone", "mode": "guardrail", "tools": {"allow": []}, "message": said}
    report.add("Policy", "kill-switch", spec, "policy.killSwitch")
    told = (
        "The switch is on, so Policy/kill-switch refuses every call, also of elevated agents. Delete it from the files "
        "and apply to let work go on."
    )
    report.say(Fate.CHANGED, "policy.killSwitch", told)
