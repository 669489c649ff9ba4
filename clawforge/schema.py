"""JSON Schemas of every published document, generated from the models. Committed, and never read at run time."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from clawforge.bundle import Bundle
from clawforge.decide.request import Decision, Request
from clawforge.effective import Effective
from clawforge.lease import Lease
from clawforge.load.project import ProjectFile
from clawforge.plan import Plan
from clawforge.resource.registry import KINDS
from clawforge.wire import EffectiveView, Problem

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Schema by file name, such as `policy.schema.json`."""
    documents: dict[str, type[BaseModel]] = {
        "project": ProjectFile,
        "plan": Plan,
        "effective": Effective,
        "effective-view": EffectiveView,
        "bundle": Bundle,
        "lease": Lease,
        "request": Request,
        "decision": Decision,
        "problem": Problem,
    }
    documents |= {_file_stem(model.__name__): model for model in KINDS}
    return {f"{stem}.schema.json": _schema(model) for stem, model in sorted(documents.items())}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    body = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": _DRAFT, **body}


def _file_stem(kind: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("-")
