"""The kept form of what lint says: nothing is lost, nothing else is believed, and no credential is in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.finding import Finding
from clawforge.lint.engine import examine
from clawforge.lint.moment import ALWAYS, Span
from clawforge.lint.outcome import LintOutcome, decode_outcome, encode_outcome
from clawforge.lint.report import Acceptance, LintReport, Reported
from clawforge.lint.selection import Selection
from clawforge.load.project import load_project

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"

texts = st.text(max_size=8)
severities = st.sampled_from(Severity)
places = st.builds(Location, texts, st.integers(0, 99), st.integers(0, 99))
findings = st.builds(Finding, texts, texts, texts, texts, texts, severities, st.lists(texts, max_size=2).map(tuple))
reported = st.builds(
    Reported,
    st.builds(Diagnostic, texts, texts, places, texts, severities),
    texts,
    st.none() | findings,
    st.none() | st.builds(Acceptance, texts, texts),
)
moments = st.datetimes(timezones=st.just(dt.UTC))
reports = st.builds(
    LintReport, st.lists(reported, max_size=4).map(tuple), st.just(ALWAYS) | st.builds(Span, moments, moments)
)
outcomes = st.builds(
    lambda files, resources, report: LintOutcome(
        files, resources, report, tuple(f"{i}" for i in range(len(report.items)))
    ),
    st.integers(0, 9),
    st.integers(0, 9),
    reports,
)


@given(outcomes)
def test_what_is_decoded_is_what_was_encoded(outcome: LintOutcome) -> None:
    assert decode_outcome(encode_outcome(outcome)) == outcome


@given(outcomes, st.data())
def test_whatever_else_is_decoded_is_refused_or_an_outcome(outcome: LintOutcome, data: st.DataObject) -> None:
    encoded = bytearray(encode_outcome(outcome))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    try:
        found = decode_outcome(bytes(encoded))
    except ValueError:
        return
    assert decode_outcome(encode_outcome(found)) == found


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{}", b'"x"', b"7", b"\xff", b'{"files": 1}', b"[" * 2000])
def test_what_is_no_outcome_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        decode_outcome(text)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("files", True),
        ("files", "1"),
        ("fingerprints", ["one too many"]),
        ("report", {"items": [], "holds": ["2026-01-01T00:00:00", "2026-01-02T00:00:00"]}),
        ("report", {"items": [], "holds": ["2026-01-01T00:00:00Z"]}),
        ("more", 1),
    ],
)
def test_a_wrong_member_is_refused(member: str, value: object) -> None:
    document = orjson.loads(encode_outcome(LintOutcome(1, 1, LintReport(()), ())))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        decode_outcome(orjson.dumps({**document, member: value}))


def test_text_that_is_not_unicode_is_not_encoded() -> None:
    item = Reported(Diagnostic("x", "\ud800", Location("f")), "x")
    with pytest.raises(ValueError, match="not JSON"):
        encode_outcome(LintOutcome(0, 0, LintReport((item,)), ("",)))


@given(outcomes)
def test_a_selection_keeps_each_finding_with_its_fingerprint(outcome: LintOutcome) -> None:
    marks = dict(zip(map(id, outcome.report.items), outcome.fingerprints, strict=True))
    chosen = outcome.selected(Selection(select=frozenset({item.rule for item in outcome.report.items[::2]})))
    assert [marks[id(item)] for item in chosen.report.items] == list(chosen.fingerprints)
    assert {item.rule for item in chosen.report.items} == {item.rule for item in outcome.report.items[::2]}
    assert outcome.selected(Selection()) == outcome


TOKEN = "AKIA" + "QWERTYUIOPASDFGH"
IN_TEXT = f"""\
apiVersion: clawforge/v1
kind: Policy
metadata: {{name: p, annotations: {{note: {TOKEN}}}}}
spec:
  appliesTo: everyone
  exec:
    # clawforge: ignore[exec-deny-best-effort] reason="{TOKEN}" until=2099-01-01
    deny: ["curl {TOKEN}", "curl {TOKEN} **"]
"""
IN_NAMES = IN_TEXT.replace("note:", f"{TOKEN}:").replace("everyone", f"{{groups: [{TOKEN}]}}")


@pytest.mark.parametrize("text", [IN_TEXT, IN_NAMES])
def test_no_credential_is_in_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    (tmp_path / "x.yaml").write_text(text)
    project = load_project(tmp_path)
    outcome = LintOutcome.of(project, examine(project, now=NOW))
    assert outcome.report.items
    assert any(item.acceptance for item in outcome.report.items) is (text == IN_TEXT)
    assert TOKEN.encode() not in encode_outcome(outcome)
