"""Since when a call is decided as it is: a walk back over revisions or commits, one change after the other.

Access may have come and gone many times, so nothing is searched by halves. Every version is judged as if it were now:
schedules that open and shut are no change of what was written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clawforge.decide.request import Decision, Origin, Reason
from clawforge.decide.simulate import Simulator
from clawforge.diff import field_changes
from clawforge.errors import InputError
from clawforge.mark import Mark
from clawforge.plan import Action, FieldChange
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.group import Group
from clawforge.resource.meta import Instant, Resource, Strict
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import Effect
from clawforge.resource.registry import canonical_resource
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.user import User
from clawforge.resource.version_target import VersionTarget

_DECIDING = (Organization, Group, RoleBinding, Policy, DlpRuleSet, SkillApproval, VersionTarget)
_NOWHERE: Positions = MappingProxyType({})
_MOST_UNDONE = 64
"""Resources of one version that are undone one by one, to see which of them matter; and those that a flip names."""


class Touch(Strict):
    """A resource whose change touches the answer. `decisive`: without this one change the answer would have stayed what
    it was; where no single one is, those are named that touch the subject's policy.

    `fields` are those of an update, and left out for whoever may not read them.
    """

    address: str
    action: Action
    decisive: bool
    fields: tuple[FieldChange, ...] = ()


class Flip(Strict):
    """A version that changed the answer, with the decisive reason on either side.

    `others` counts resources that changed in the same version and are not named. `skipped` are commits between this
    version and the one before that could not be judged: the change may be one of theirs.
    """

    mark: Mark
    before: Effect
    after: Effect
    why_before: Reason
    why_after: Reason
    touches: tuple[Touch, ...]
    others: int = 0
    skipped: tuple[str, ...] = ()


class AccessHistory(Strict):
    """How a call is decided, and which versions made it so, newest first.

    `decision` is that of the newest version that was looked at. `stopped` says that the user is stopped by hand, which
    is in no version and beats all of them. `oldest` is how far back was looked: to the beginning if `next` is None and
    `cut` empty. `next` is the revision to go on before; `cut` says why it is not known what was before.
    """

    subject: Subject
    tool: str
    at: Instant
    decision: Decision
    stopped: str = ""
    flips: tuple[Flip, ...] = ()
    oldest: Mark | None = None
    next: int | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one version changed: `before` holds those resources as they were, None for one that it made."""

    mark: Mark
    before: Mapping[str, Resource | None]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A call of a subject, at the moment as which every version is judged. The user may be given by email."""

    subject: Subject
    tool: str
    params: Mapping[str, Any]
    at: dt.datetime
    origin: Origin = Origin()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class _Verdict:
    decision: Decision
    digest: str
    matched: tuple[str, ...]


class Backwards:
    """The answer at the newest version, and the flips on the way back from it."""

    def __init__(
        self,
        newest: Mapping[str, Resource],
        question: Question,
        *,
        positions: Positions = _NOWHERE,
        revision: int | None = None,
    ) -> None:
        """`positions` and `revision` are those of the newest version. Raises InputError as `OrgModel.resolve` does."""
        self._question = question
        self._name = _declared(newest.values(), question.subject.user)
        self._resources = {address: item for address, item in newest.items() if self._counts(item)}
        self._present = self._judge(self._resources, positions, revision)
        self.decision = self._present.decision
        self.judged = 1

    def undo(self, edit: Edit) -> Flip | None:
        """Go back over one version; the flip that it was, if it was one. Edits come newest first."""
        before = {address: item for address, item in edit.before.items() if self._matters(address, item)}
        if not before:
            return None
        after, later = self._resources, self._present
        self._resources = _with(after, before)
        self._present = self._judge(self._resources)
        self.judged += 1
        if self._present.decision.effect is later.decision.effect:
            return None
        touches = self._touches(after, before, later, self._present.matched)
        return Flip(
            mark=edit.mark,
            before=self._present.decision.effect,
            after=later.decision.effect,
            why_before=self._present.decision.reasons[0],
            why_after=later.decision.reasons[0],
            touches=touches,
            others=len(edit.before) - len(touches),
            skipped=edit.skipped,
        )

    def _counts(self, resource: Resource | None) -> bool:
        """Whether a resource can have a say about the subject. Of the users only the subject has."""
        if not isinstance(resource, User):
            return isinstance(resource, _DECIDING)
        if self._name is not None:
            return resource.metadata.name == self._name
        return _declared([resource], self._question.subject.user) is not None

    def _matters(self, address: str, before: Resource | None) -> bool:
        return self._counts(before) or address in self._resources

    def _judge(
        self, resources: Mapping[str, Resource], positions: Positions = _NOWHERE, revision: int | None = None
    ) -> _Verdict:
        question = self._question
        name = self._name or _declared(resources.values(), question.subject.user)
        subject = question.subject.model_copy(update={"user": name or question.subject.user})
        simulator = Simulator(OrgModel(tuple(resources.values())), positions, revision=revision)
        judgement = simulator.judge(subject, question.tool, question.params, question.at, origin=question.origin)
        return _Verdict(judgement.decision, judgement.resolution.digest, judgement.resolution.matched)

    def _touches(
        self,
        after: Mapping[str, Resource],
        before: Mapping[str, Resource | None],
        later: _Verdict,
        matched_before: tuple[str, ...],
    ) -> tuple[Touch, ...]:
        """Each change is taken back alone: named are those that turn the answer. Where several would do, so that none
        does alone, those are named that match the subject or turn its policy; else all that could.
        """
        close = frozenset((*later.matched, *matched_before))
        tried = sorted(before, key=lambda address: (address not in close, address.startswith("Policy/"), address))
        undone = {address: self._undone(after, address, before[address]) for address in tried[:_MOST_UNDONE]}
        self.judged += len(undone)
        turning = [name for name, one in undone.items() if one and one.decision.effect is not later.decision.effect]
        other = (name for name, one in undone.items() if name in close or one is None or one.digest != later.digest)
        named = turning or list(other)
        return tuple(
            _touch(address, before[address], after.get(address), decisive=bool(turning))
            for address in sorted(named or undone)
        )

    def _undone(self, after: Mapping[str, Resource], address: str, before: Resource | None) -> _Verdict | None:
        """The verdict with one change taken back; None where the rest cannot stand without it."""
        try:
            return self._judge(_with(after, {address: before}))
        except InputError:
            return None


def edits_between(
    newer: Mapping[str, Resource], older: Mapping[str, Resource], mark: Mark, skipped: tuple[str, ...] = ()
) -> Edit:
    """The edit that made the newer version of the older one."""
    changed = {address for address in newer.keys() | older.keys() if newer.get(address) != older.get(address)}
    return Edit(mark, {address: older.get(address) for address in sorted(changed)}, skipped)


def flips(back: Backwards, edits: Iterable[Edit]) -> Iterator[Flip]:
    """Every flip, newest first."""
    return (flip for edit in edits if (flip := back.undo(edit)) is not None)


def _with(resources: Mapping[str, Resource], changed: Mapping[str, Resource | None]) -> dict[str, Resource]:
    kept = {address: item for address, item in resources.items() if address not in changed}
    return kept | {address: item for address, item in changed.items() if item is not None}


def _declared(resources: Iterable[Resource], user: str) -> str | None:
    """The name of a declared user given by name or email."""
    users = (item for item in resources if isinstance(item, User))
    return next((item.metadata.name for item in users if user.lower() in (item.metadata.name, item.spec.email)), None)


def _touch(address: str, before: Resource | None, after: Resource | None, *, decisive: bool) -> Touch:
    if before is None or after is None:
        return Touch(address=address, action=Action.CREATE if before is None else Action.DELETE, decisive=decisive)
    fields = field_changes(canonical_resource(before), canonical_resource(after))
    return Touch(address=address, action=Action.UPDATE, decisive=decisive, fields=fields)
