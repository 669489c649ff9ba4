"""What the files are to say after a review or a revocation, held against what the resolver makes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import resource

from clawforge.errors import InputError
from clawforge.resolve.verdicts import skills
from clawforge.resource.meta import Resource
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import Selector
from clawforge.skill.manifest import Manifest, read_manifest
from clawforge.skill.patch import Judgement, SkillContent, SkillPatch, reviewed, revoked
from clawforge.skill.standing import says_revoked, state_of

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
KEYS, VERSIONS, DIGESTS = ("pdf", "notes"), (None, "1", "2"), (None, A, B)


def approval(name: str, status: str = "approved", **spec: Any) -> SkillApproval:
    values = {"appliesTo": "everyone", "key": "pdf", "status": status, **spec}
    made: Resource = resource("SkillApproval", name, {key: item for key, item in values.items() if item is not None})
    assert isinstance(made, SkillApproval)
    return made


APPROVALS = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from(VERSIONS),
        st.sampled_from(DIGESTS),
        st.sampled_from(tuple(SkillStatus)),
    ),
    max_size=5,
).map(
    lambda rows: [
        approval(f"s{number}", status.value, key=key, version=version, digest=digest)
        for number, (key, version, digest, status) in enumerate(rows)
    ]
)
CONTENT = st.builds(SkillContent, st.sampled_from(KEYS), st.sampled_from(VERSIONS), st.sampled_from((A, B)))
STOPPED = st.builds(SkillContent, st.sampled_from(KEYS), st.sampled_from(VERSIONS), st.sampled_from(DIGESTS))
YES, NO = Judgement(SkillStatus.APPROVED, "ann", "read it"), Judgement(SkillStatus.REJECTED, "ann", "phones home")
STOP = Judgement(SkillStatus.REVOKED, "ann", "reads cookies")


def patched(before: list[SkillApproval], patch: SkillPatch) -> list[SkillApproval]:
    """The verdicts of the files with the patch in them."""
    after = []
    for item in before:
        values = {path[-1]: text for path, text in patch.changed.get(item.address, {}).items()}
        spec = item.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        after.append(approval(item.metadata.name, **{**spec, **values}) if values else item)
    return after if patch.added is None else [*after, patch.added]


@given(CONTENT, APPROVALS)
def test_what_is_approved_is_approved_and_nothing_else_changes(
    content: SkillContent, before: list[SkillApproval]
) -> None:
    wins = [item for item in before if item.spec.key == content.key and item.spec.status is not SkillStatus.APPROVED]
    try:
        patch = reviewed(content, YES, before)
    except InputError:
        # Only for the sake of a verdict that would have won.
        unheard = [item for item in before if item not in wins]
        assert wins
        assert reviewed(content, YES, unheard)
        return
    after = patched(before, patch)
    assert len({item.address for item in after}) == len(after)
    effective = skills(after)
    wanted = (content.key, content.version, content.digest)
    assert wanted in {(item.key, item.version, item.digest) for item in effective.approved}
    assert {item.address for item in before} - set(patch.changed) <= {item.address for item in after}
    assert set(patch.beside) == {
        item.address
        for item in before
        if item.spec.key == content.key
        and item.spec.status is SkillStatus.APPROVED
        and item.address not in patch.changed
    }
    # Saying it once more says nothing new.
    again = reviewed(content, YES, after)
    assert (again.added, list(again.changed.values())) == (None, [{}])


@given(STOPPED, APPROVALS)
def test_what_is_revoked_is_so_in_the_files_and_wins(content: SkillContent, before: list[SkillApproval]) -> None:
    patch = revoked(content, STOP, before)
    after = patched(before, patch)
    assert any(says_revoked(item, content.key, content.version, content.digest) for item in after)
    stopped = {(item.key, item.version, item.digest) for item in skills(after).revoked}
    assert (content.key, content.version, content.digest) in stopped
    approved = {item.resource for item in skills(after).approved}
    assert approved.isdisjoint(patch.idle)
    assert approved <= {item.resource for item in skills(before).approved}


@given(CONTENT, APPROVALS)
def test_what_is_rejected_is_approved_by_nothing_of_the_same(
    content: SkillContent, before: list[SkillApproval]
) -> None:
    after = patched(before, reviewed(content, NO, before))
    assert not any(
        (item.key, item.version, item.digest) == (content.key, content.version, content.digest)
        for item in skills(after).approved
    )


def test_an_approval_takes_the_place_of_the_one_that_is_named_and_of_no_other() -> None:
    before = [approval("pdf", version="1", digest=A), approval("gone", "revoked", digest=B), approval("n", key="notes")]
    content = SkillContent("pdf", "2", "sha256:" + "c" * 64, "git:x")
    judgement = Judgement(SkillStatus.APPROVED, "ann", "read", dt.date(2027, 5, 31))
    patch = reviewed(content, judgement, before, replace="pdf")
    assert patch.changed == {
        "SkillApproval/pdf": {
            ("spec", "source"): "git:x",
            ("spec", "version"): "2",
            ("spec", "digest"): content.digest,
            ("spec", "reviewedBy"): "ann",
            ("spec", "reviewBy"): "2027-05-31",
            ("spec", "reason"): "read",
        }
    }
    for name in ("nothing", "SkillApproval/gone", "SkillApproval/n", "Policy/pdf"):
        with pytest.raises(InputError, match="is no approval of the skill pdf"):
            reviewed(content, judgement, before, replace=name)
    with pytest.raises(InputError, match="names the version 1"):
        reviewed(SkillContent("pdf", None, B, None), judgement, before[:1], replace="pdf")


def test_a_verdict_for_some_stands_beside_the_one_for_everyone() -> None:
    some = Judgement(SkillStatus.APPROVED, "ann", "", applies_to=Selector(groups=("eng",)))
    patch = reviewed(SkillContent("pdf", None, A), some, [approval("pdf", digest=A)])
    assert patch.added is not None
    assert patch.added.metadata.name == "pdf-2"
    assert patch.added.spec.applies_to == some.applies_to


def test_without_a_digest_nothing_is_bound() -> None:
    for judgement in (YES, NO):
        with pytest.raises(InputError, match="without the digest"):
            reviewed(SkillContent("pdf"), judgement, [])


@pytest.mark.parametrize(
    ("day", "state"),
    [("2026-11-19", "expired"), ("2026-11-20", "due"), ("2026-12-04", "due"), ("2026-12-05", "approved")],
)
def test_an_approval_is_due_two_weeks_before_its_last_day(day: str, state: str) -> None:
    today = dt.date(2026, 11, 20)
    assert state_of(approval("pdf", reviewBy=day).spec, today) == state
    assert state_of(approval("pdf", "revoked", reviewBy=day).spec, today) == "revoked"
    assert state_of(approval("pdf", "rejected", reviewBy=day).spec, today) == "rejected"
    assert state_of(approval("pdf").spec, today) == "approved"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\nname: pdf\nversion: 1.0.1\n---\n", Manifest("pdf", "1.0.1")),
        ("---\r\nname: pdf\r\n---\r\nbody", Manifest("pdf")),
        ("---\nname: pdf\nversion: 1.0\n---\n", Manifest("pdf")),
        ("---\nname: [a]\nversion: ''\n---\n", Manifest()),
        ("---\nname: pdf\nname: other\n---\n", Manifest()),
        ("---\nname: !!python/object:os.system x\n---\n", Manifest()),
        ("---\n- name: pdf\n---\n", Manifest()),
        ("---\nname: pdf\n", Manifest()),
        ("name: pdf\n", Manifest()),
        ("", Manifest()),
        ("---\n---\n", Manifest()),
    ],
)
def test_a_manifest_says_name_and_version_or_nothing(text: str, expected: Manifest) -> None:
    assert read_manifest(text) == expected


@given(st.text())
def test_no_manifest_is_too_odd(text: str) -> None:
    assert isinstance(read_manifest(f"---\n{text}\n---\n"), Manifest)
