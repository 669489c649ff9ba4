"""What a person is told to do about a version is what helps."""

from __future__ import annotations

import pytest

from clawforge.compliance.remedy import remedy
from clawforge.resource.version_target import ComponentTarget


@pytest.mark.parametrize(
    ("component", "version", "wanted", "denied", "said"),
    [
        ("host", "2026.9.1", ">=2026.9.6", (), "update openclaw to >=2026.9.6"),
        ("host", "2026.9.6-beta.1", ">=2026.9.6", (), "update openclaw to >=2026.9.6"),
        ("host", "2026.9.6", ">2026.9.6", (), "update openclaw to >2026.9.6"),
        ("host", "2026.9.6", "2026.9.6-2", (), "update openclaw to 2026.9.6-2"),
        ("host", "2027.1.0", ">=2026.9.6 <2027", (), "go back with openclaw to >=2026.9.6 <2027"),
        ("host", "2026.9.7", "2026.9.6", (), "go back with openclaw to 2026.9.6"),
        ("plugin", "1.2.0", ">=1 !=1.2", (), "replace the clawforge plugin 1.2.0 by another version within >=1 !=1.2"),
        ("plugin", "1.2.0", None, ("1.2.0",), "replace the clawforge plugin 1.2.0 by another version"),
        (
            "runtime",
            None,
            ">=24",
            (),
            "have the runtime below openclaw report its version; >=24 is required",
        ),
        ("host", None, None, ("1",), "have openclaw report its version"),
        ("host", "latest", None, ("1",), "have openclaw report a version that can be read instead of latest"),
    ],
)
def test_remedies(component: str, version: str | None, wanted: str | None, denied: tuple[str, ...], said: str) -> None:
    target = ComponentTarget(range=wanted, denied=denied)
    assert remedy(component, version, target, host="openclaw") == said
