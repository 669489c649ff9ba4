"""A notice about bad input does not fail over it."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from clawforge.reconcile.notice import MOST_TEXT, MOST_TITLE, CommitState, Notice, NoticeKind, NoticeSeverity

COMMIT = "0" * 39 + "1"


def notice(
    kind: NoticeKind = NoticeKind.COMMIT_REFUSED, *, title: str = "x", text: str = "", commit: str | None
) -> Notice:
    return Notice(
        kind=kind,
        severity=NoticeSeverity.ERROR,
        org="acme",
        source="prod",
        at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
        title=title,
        text=text,
        commit=commit,
    )


@given(st.text() | st.text(min_size=MOST_TITLE, max_size=MOST_TITLE + 20), st.text())
def test_any_text_can_be_told(title: str, text: str) -> None:
    made = notice(title=title, text=text, commit=None)
    assert len(made.title) <= MOST_TITLE
    assert "\n" not in made.title
    assert made.model_dump_json()


def test_what_is_too_long_is_cut() -> None:
    made = notice(title="t" * 201, text="x" * 5_000, commit=None)
    assert (len(made.title), len(made.text)) == (MOST_TITLE, MOST_TEXT)
    assert made.text.endswith("x…")


def test_only_a_notice_about_a_commit_has_a_state() -> None:
    assert notice(commit=COMMIT).commit_state is CommitState.FAILURE
    assert notice(commit=None).commit_state is None
    assert notice(NoticeKind.DRIFT_FOUND, commit=COMMIT).commit_state is None


def test_severities_have_an_order() -> None:
    ranks = [severity.rank for severity in NoticeSeverity]
    assert ranks == sorted(ranks)
    assert NoticeSeverity.CRITICAL.rank > NoticeSeverity.ERROR.rank > NoticeSeverity.WARNING.rank
