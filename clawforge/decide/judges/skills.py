"""Which skills may be loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.catalogue import folded
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Reason
from clawforge.decide.touched import plain_key
from clawforge.effective import EffectiveSkillRules, EffectiveSkills, SkillIdentity
from clawforge.resource.policy_test import Effect

_KEYS = frozenset(["key", "name", "skill", "skillname", "skillkey", "command", "id"])


class SkillRulesJudge:
    """Whether a skill needs an approval, and where it may come from."""

    def __init__(self, rules: EffectiveSkillRules, approved: tuple[SkillIdentity, ...], blame: Blame) -> None:
        self._blame = blame
        self._require_approval = rules.require_approval
        self._sources = None if rules.sources is None else NameMatcher(rules.sources)
        self._approved = approved

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the skill is not good enough."""
        if not call.tool.facets.skill:
            return
        if self._require_approval and not self._is_approved(call.params):
            message = "The skill is not approved in the version and content that the call names."
            yield self._blame.reason("skill-not-approved", Effect.DENY, message, "skills.requireApproval")
        if self._sources is not None:
            source = _text(call.params, "source")
            if source is None or self._sources.find(source, core=True) is None:
                message = "The skill does not come from an allowed source."
                yield self._blame.reason("skill-source-not-allowed", Effect.DENY, message, "skills.sources")

    def _is_approved(self, params: Mapping[str, Any]) -> bool:
        keys = _keys(params)
        version, digest = _text(params, "version"), _text(params, "digest")
        return bool(keys) and all(
            any(
                identity.key == key and identity.version in (None, version) and identity.digest in (None, digest)
                for identity in self._approved
            )
            for key in keys
        )


class RevokedSkillsJudge:
    """A revocation holds everywhere and nothing lifts it, and so does a rejection.

    What a call does not say about a skill counts as what was refused; content that was refused stays so under
    another name.
    """

    def __init__(self, skills: EffectiveSkills, blame: Blame) -> None:
        self._revoked = skills.revoked
        self._blame = blame

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the skill may not be used any more."""
        if not call.tool.facets.skill or not self._revoked:
            return
        keys = {folded(key) for key in _keys(call.params)}
        version, digest = _text(call.params, "version"), _text(call.params, "digest")
        for identity in self._revoked:
            same_content = digest is not None and identity.digest == digest
            same_skill = (
                (not keys or folded(identity.key) in keys)
                and (identity.version is None or version in (None, identity.version))
                and (identity.digest is None or digest in (None, identity.digest))
            )
            if same_content or same_skill:
                what = (
                    f"The skill {identity.key} was revoked or rejected."
                    if keys
                    else "The call does not say which skill it loads."
                )
                address = identity.resource
                yield self._blame.reason("skill-revoked", Effect.DENY, what, "verdicts", address, resource=address)
                return


def _keys(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Every name that a call gives for its skill; none if one of them is not text."""
    given = [value for name, value in params.items() if plain_key(name) in _KEYS]
    if not all(isinstance(value, str) for value in given):
        return ()
    return tuple(dict.fromkeys(value.strip().removeprefix("/") for value in given if value.strip()))


def _text(params: Mapping[str, Any], name: str) -> str | None:
    value = params.get(name)
    return value if isinstance(value, str) and value else None
