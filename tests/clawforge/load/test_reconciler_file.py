"""The configuration of a reconciler: strict, and with every problem at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawforge.load.reconciler_file import ReconcilerFileError, read_reconciler_file

GOOD = """\
apiVersion: clawforge/v1
kind: Reconciler
server: https://clawforge.example
state: state
sources:
  - name: main
    org: acme
    repository: {url: "https://git.example/policies.git"}
    trust: {allowedSigners: signers}
"""
HOOK = "{provider: github, secret: {secretRef: {env: HOOK}}}"
SECOND = """\
  - name: other
    org: acme
    source: main
    repository: {url: "https://git.example/other.git"}
    trust: {allowedSigners: signers}
"""


def test_what_is_left_out_is_safe(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    (source,) = read_reconciler_file(tmp_path / "r.yaml").sources
    assert (source.scope, source.interval, source.prune) == ("main", 60, True)
    assert source.trust.signatures == "required"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("    org: acme\n", "    org: acme\n    prun: true\n", "r.yaml:8:5"),
        ("https://clawforge.example", "ftp://x", "r.yaml:3:9"),
        ("trust: {allowedSigners: signers}", "trust: {signatures: required}", "r.yaml:9"),
        ("sources:", "token: plain-text\nsources:", "r.yaml:5:8"),
        ("kind: Reconciler", "kind: [", "r.yaml"),
        (GOOD, GOOD + SECOND, "r.yaml"),
        ("    org: acme\n", f"    org: acme\n    webhook: {HOOK}\n", "r.yaml"),
        (GOOD, GOOD + SECOND.replace("other\n", "main\n", 1), "r.yaml"),
    ],
)
def test_a_problem_is_told_at_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    (tmp_path / "r.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ReconcilerFileError) as caught:
        read_reconciler_file(tmp_path / "r.yaml")
    assert any(place in str(problem.location) for problem in caught.value.problems), caught.value.problems
