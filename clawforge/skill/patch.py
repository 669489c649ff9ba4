"""What the files are to say after a review or a revocation: one further SkillApproval, or one that is changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clawforge.adoption.names import NewNames
from clawforge.errors import InputError
from clawforge.resource.meta import Metadata
from clawforge.resource.skill_approval import SkillApproval, SkillApprovalSpec, SkillStatus
from clawforge.resource.targeting import AppliesTo

Values = Mapping[tuple[str, ...], str]
"""Texts at paths of keys of a document."""


@dataclass(frozen=True, slots=True)
class SkillContent:
    """The skill that a verdict is about; None is any."""

    key: str
    version: str | None = None
    digest: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, by whom, why, and how long an approval counts. It is for everyone unless `applies_to` names some."""

    status: SkillStatus
    by: str | None
    reason: str
    review_by: dt.date | None = None
    applies_to: AppliesTo = "everyone"


@dataclass(frozen=True, slots=True)
class SkillPatch:
    """`added` is a new resource, `changed` are texts in one that stands in the files, by address. `idle` are approvals
    that the verdict leaves without effect, `beside` those of other content that stay."""

    added: SkillApproval | None = None
    changed: Mapping[str, Values] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The resource that says the verdict."""
        return self.added.address if self.added is not None else next(iter(self.changed))


def reviewed(
    content: SkillContent, judgement: Judgement, approvals: Sequence[SkillApproval], *, replace: str | None = None
) -> SkillPatch:
    """The verdict on what was looked at, which has a digest. It is put where the same content was judged before, or in
    place of the approval at the address `replace`, or beside all others.

    Raises InputError for content without a digest, for what cannot be replaced, and for an approval that a revocation
    or rejection would leave without effect.
    """
    if content.digest is None:
        raise InputError(
            "Nobody can bind a verdict to this skill: it was handed in without the digest of its content.",
            hint="Get the content, and name its folder: --folder DIR.",
            code="no-digest",
        )
    same_key = [item for item in approvals if item.spec.key == content.key]
    place = _replaced(content, same_key, replace) if replace else _same_place(content, judgement, same_key)
    if judgement.status is SkillStatus.APPROVED:
        _refuse_refused(content, same_key, place)
    beside = tuple(item.address for item in same_key if item.spec.status is SkillStatus.APPROVED and item is not place)
    if place is not None:
        return SkillPatch(changed={place.address: _values(content, judgement, place)}, beside=beside)
    return SkillPatch(added=_made(content, judgement, approvals, content.key), beside=beside)


def revoked(content: SkillContent, judgement: Judgement, approvals: Sequence[SkillApproval]) -> SkillPatch:
    """The revocation of a skill for everybody: in place of the approval of exactly the same, or beside all others."""
    same_key = [item for item in approvals if item.spec.key == content.key]
    place = _same_place(content, judgement, same_key)
    idle = tuple(
        item.address
        for item in same_key
        if item is not place and item.spec.status is SkillStatus.APPROVED and _covers(content, item.spec)
    )
    if place is not None:
        return SkillPatch(changed={place.address: _values(content, judgement, place)}, idle=idle)
    return SkillPatch(added=_made(content, judgement, approvals, f"{content.key}-revoked"), idle=idle)


def _covers(content: SkillContent, spec: SkillApprovalSpec) -> bool:
    """Whether a verdict on the content is one on all that the other names."""
    return content.key == spec.key and content.version in (None, spec.version) and content.digest in (None, spec.digest)


def _same_place(content: SkillContent, judgement: Judgement, same_key: Iterable[SkillApproval]) -> SkillApproval | None:
    """The verdict on exactly this, for the same subjects and always."""
    for item in same_key:
        spec = item.spec
        same = (spec.version, spec.digest) == (content.version, content.digest)
        if same and spec.schedule is None and spec.applies_to == judgement.applies_to:
            return item
    return None


def _replaced(content: SkillContent, same_key: Sequence[SkillApproval], address: str) -> SkillApproval:
    wanted = address if "/" in address else f"SkillApproval/{address}"
    found = next((item for item in same_key if item.address == wanted), None)
    if found is None or found.spec.status is not SkillStatus.APPROVED:
        named = ", ".join(item.address for item in same_key if item.spec.status is SkillStatus.APPROVED)
        raise InputError(
            f"{wanted} is no approval of the skill {content.key}.",
            hint=f"Approvals of it: {named}." if named else "The files hold no approval of it; leave --replace out.",
        )
    if found.spec.version is not None and content.version is None:
        raise InputError(
            f"{wanted} names the version {found.spec.version}, and what was handed in names none.",
            hint="Leave --replace out, and remove the old approval by hand.",
        )
    return found


def _refuse_refused(content: SkillContent, same_key: Iterable[SkillApproval], place: SkillApproval | None) -> None:
    """A rejection may become an approval in its own `place`; nothing else that wins over the approval may stand."""
    for item in same_key:
        spec = item.spec
        covers = spec.version in (None, content.version) and spec.digest in (None, content.digest)
        stays = spec.status is SkillStatus.REVOKED or (spec.status is SkillStatus.REJECTED and item is not place)
        if covers and stays:
            raise InputError(
                f"{item.address} says that this skill is {spec.status.value}, and that wins over an approval.",
                hint="Remove that verdict from the files first, if it is not meant any more.",
                code="skill-refused",
            )


def _values(content: SkillContent, judgement: Judgement, place: SkillApproval) -> dict[tuple[str, ...], str]:
    """What `place` does not say yet."""
    said = place.spec.model_dump(mode="json", by_alias=True)
    texts = {
        "source": content.source,
        "version": content.version,
        "digest": content.digest,
        "status": judgement.status.value,
        "reviewedBy": judgement.by,
        "reviewBy": None if judgement.review_by is None else judgement.review_by.isoformat(),
        "reason": judgement.reason or None,
    }
    return {("spec", name): text for name, text in texts.items() if text not in (None, said[name])}


def _made(
    content: SkillContent, judgement: Judgement, approvals: Iterable[SkillApproval], wanted: str
) -> SkillApproval:
    names = NewNames()
    for item in approvals:
        names.name(item.metadata.name, item.metadata.name)
    return SkillApproval(
        api_version="clawforge/v1",
        metadata=Metadata(name=names.name(wanted, "skill")),
        spec=SkillApprovalSpec(
            applies_to=judgement.applies_to,
            key=content.key,
            source=content.source,
            version=content.version,
            digest=content.digest,
            status=judgement.status,
            reviewed_by=judgement.by,
            review_by=judgement.review_by,
            reason=judgement.reason,
        ),
    )
