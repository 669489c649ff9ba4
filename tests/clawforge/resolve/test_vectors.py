"""Every vector of effective.json, through the library."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import orjson
import pytest

from clawforge.effective import Effective, effective_digest, effective_json
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.registry import BY_KIND, canonical_resource

VECTORS = orjson.loads((Path(__file__).parents[3] / "schemas/vectors/effective.json").read_bytes())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    resources = [
        BY_KIND[body["kind"]].model_validate_json(orjson.dumps(body), strict=True) for body in vector["resources"]
    ]
    assert [canonical_resource(found) for found in resources] == vector["resources"]
    subject = Subject.model_validate_json(orjson.dumps(vector["subject"]), strict=True)
    for given in (resources, resources[::-1]):
        resolution = OrgModel(given).resolve(subject, dt.datetime.fromisoformat(vector["at"]))
        assert effective_json(resolution.effective) == expect["effective"]
        assert resolution.digest == expect["digest"]
        assert resolution.base == expect["base"]
        assert [alert.code for alert in resolution.alerts] == expect["alerts"]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_an_agent_reads_back_what_was_hashed(vector: dict[str, Any]) -> None:
    text = orjson.dumps(vector["expect"]["effective"])
    received = Effective.model_validate_json(text, strict=True)
    assert effective_digest(received) == vector["expect"]["digest"]


def test_names_of_vectors_differ() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) >= 35
