"""The published vectors: what every implementation finds, and what it leaves after redaction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clawforge.decide.dlp.engine import Scanner, ScanRule
from clawforge.decide.dlp.redact import redact
from clawforge.decide.dlp.scan_params import ScanLimits, scan_params

VECTORS = Path(__file__).resolve().parents[4] / "schemas" / "vectors" / "dlp.json"


def joined(value: Any) -> Any:
    """`{"join": [...]}` is one text in parts, so that the file holds no secret-looking literal."""
    if isinstance(value, dict):
        if set(value) == {"join"}:
            return "".join(value["join"])
        if set(value) == {"@names"}:
            return {joined(name): joined(member) for name, member in value["@names"]}
        return {name: joined(member) for name, member in value.items()}
    return [joined(item) for item in value] if isinstance(value, list) else value


def vectors() -> list[Any]:
    return [pytest.param(joined(vector), id=vector["name"]) for vector in json.loads(VECTORS.read_text())["vectors"]]


def rule(spec: dict[str, Any]) -> ScanRule:
    lists = {name: tuple(value) for name, value in spec.items() if isinstance(value, list)}
    return ScanRule(**{**spec, **lists})


@pytest.mark.parametrize("vector", vectors())
def test_vector(vector: dict[str, Any]) -> None:
    scanner = Scanner([rule(spec) for spec in vector["rules"]])
    limits = ScanLimits(**vector.get("limits", {}))
    before = json.dumps(vector["params"])
    scan = scan_params(scanner, vector["params"], vector.get("tool", "exec"), limits)
    expected = vector["expect"]
    found = [
        {
            "pointer": match.pointer,
            "rule": match.rule_id,
            "detector": match.detector,
            "start": match.start,
            "end": match.end,
            **({"inName": True} if match.in_name else {}),
        }
        for match in scan.matches
    ]
    assert found == expected["matches"]
    assert scan.truncated is expected.get("truncated", False)
    redacted = redact(vector["params"], scan.matches)
    assert json.dumps(redacted) == json.dumps(expected["redacted"]), "values, and the order of names"
    assert json.dumps(vector["params"]) == before


def test_every_detector_has_a_vector() -> None:
    from clawforge.decide.dlp.registry import DETECTORS

    text = VECTORS.read_text()
    assert all(f'"detector": "{detector.id}"' in text for detector in DETECTORS)
