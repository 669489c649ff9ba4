"""What can be said about a call whose parameters nobody knows: only what holds whatever they were.

The judges themselves say so, held against a policy from which everything that looks at parameters is taken out. What
they refuse there is refused; what they let pass there passes only if nothing had to be taken out.
"""

from __future__ import annotations

from clawforge.decide.call import Tool
from clawforge.decide.names import NameMatcher
from clawforge.effective import (
    Effective,
    EffectiveDlp,
    EffectiveDlpRule,
    EffectiveExec,
    EffectiveNetwork,
    EffectivePaths,
    EffectiveSkillRules,
    EffectiveSkills,
    Rules,
)
from clawforge.resource.dlp_rule_set import DlpAction, DlpDirection
from clawforge.resource.policy import ExecMode, PrivateAddresses
from clawforge.resource.targeting import Enforcement


def without_parameters(effective: Effective, tool: Tool) -> tuple[Effective, bool]:
    """The policy without what looks at the parameters of a call of this tool, and whether there was anything of that
    kind."""
    rules = effective.enforced
    if is_nothing(rules):
        return effective.model_copy(update={"dlp": EffectiveDlp(), "skills": EffectiveSkills()}), False
    commands, commands_matter = _commands(rules.exec, tool)
    bare = rules.model_copy(
        update={
            "exec": commands,
            "paths": EffectivePaths(),
            "network": EffectiveNetwork(),
            "skills": EffectiveSkillRules(),
        }
    )
    matters = (
        commands_matter
        or looks_at_paths(rules, tool)
        or (tool.facets.urls and _limits_hosts(rules.network))
        or (tool.facets.skill and _limits_skills(effective))
        or any(_may_decide(rule, tool) for rule in effective.dlp.rules)
    )
    update = {"enforced": bare, "dlp": EffectiveDlp(), "skills": EffectiveSkills()}
    return effective.model_copy(update=update), matters


def is_nothing(rules: Rules) -> bool:
    """Whether these are the rules of a subject that no base policy matches."""
    return rules.tools.allow == () and rules.mcp.allow == () and rules.exec.mode is ExecMode.DENY


def looks_at_paths(rules: Rules, tool: Tool) -> bool:
    """Whether files that a call of the tool names can make a difference; an address can name a file too."""
    limits = rules.paths.deny or rules.paths.read_only or rules.paths.workspace_only
    return bool(limits) and (tool.facets.paths is not None or tool.facets.urls)


def _commands(rules: EffectiveExec, tool: Tool) -> tuple[EffectiveExec, bool]:
    """What holds for every command, and whether more could hold for some. A tool that runs other code than commands
    does so or not by its parameters."""
    facets = tool.facets
    if not facets.command and facets.code is None:
        return EffectiveExec(), False
    if rules.mode is ExecMode.FULL:
        return EffectiveExec(), bool(rules.deny)
    nothing_listed = not all(rules.allow) or not rules.allow
    refused = rules.mode is ExecMode.DENY or (rules.mode is ExecMode.ALLOWLIST and nothing_listed)
    if not facets.command:
        return EffectiveExec(), True
    if refused:
        return EffectiveExec(mode=ExecMode.DENY), False
    if rules.mode is ExecMode.ASK and nothing_listed:
        return EffectiveExec(mode=ExecMode.ASK), bool(rules.deny)
    return EffectiveExec(), True


def _limits_hosts(network: EffectiveNetwork) -> bool:
    limits = network.allow is not None or network.deny or network.private_addresses is PrivateAddresses.DENY
    return bool(limits)


def _limits_skills(effective: Effective) -> bool:
    rules = effective.enforced.skills
    return rules.require_approval or rules.sources is not None or bool(effective.skills.revoked)


def _may_decide(rule: EffectiveDlpRule, tool: Tool) -> bool:
    decides = rule.action in (DlpAction.BLOCK, DlpAction.ASK, DlpAction.REDACT)
    concerns = not rule.tools or tool.found_by(NameMatcher(rule.tools)) is not None
    return decides and concerns and DlpDirection.INPUT in rule.directions and rule.enforcement is Enforcement.ENFORCE
