"""Changes of tags as they are typed."""

from __future__ import annotations

import pytest

from clawforge.errors import InputError
from clawforge_cli.tag_changes import TagChanges, tag_changes


def test_tags_are_given_and_taken_away() -> None:
    found = tag_changes(["env=prod", "ring=a=b", "canary-", "x-y-", "a-b=c-"], "why")
    assert found == TagChanges({"env": "prod", "ring": "a=b", "a-b": "c-"}, ("canary", "x-y"), "why")


@pytest.mark.parametrize(
    "texts",
    [["env"], ["=x"], ["env="], ["-"], [""], ["a=1", "a=2"], ["a=1", "a-"], ["a b=1"], ["a=\x1b"], ["k" * 129 + "=1"]],
)
def test_what_is_no_change_is_refused(texts: list[str]) -> None:
    with pytest.raises(InputError) as refusal:
        tag_changes(texts)
    assert refusal.value.code == "bad-tag"
