"""JSON Schemas of every published document, generated from the models. Committed, and never read at run time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from clawforge.bundle import Bundle
from clawforge.decide.request import Decision, Request
from clawforge.effective import Effective
from clawforge.json_schema import AuthoredSchema, MachineSchema
from clawforge.lease import Lease
from clawforge.ledger.checkpoint import Checkpoint
from clawforge.ledger.record import AuditEvent
from clawforge.load.project_file import ProjectFile
from clawforge.load.reconciler_file import ReconcilerFile
from clawforge.plan import Plan
from clawforge.resource.meta import API_VERSION
from clawforge.resource.registry import KINDS
from clawforge.wire import EffectiveView, Problem

Schema = dict[str, Any]
"""A JSON Schema, which is open by nature."""

COMBINED = "clawforge.schema.json"
"""The schema of any document that stands in a project: what an editor is pointed to."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_AUTHORED: dict[str, type[BaseModel]] = {"Project": ProjectFile} | {model.__name__: model for model in KINDS}
_PROGRAMS: dict[str, type[BaseModel]] = {
    "plan": Plan,
    "effective": Effective,
    "effective-view": EffectiveView,
    "bundle": Bundle,
    "lease": Lease,
    "request": Request,
    "decision": Decision,
    "problem": Problem,
    "audit-event": AuditEvent,
    "checkpoint": Checkpoint,
}


def schemas() -> dict[str, Schema]:
    """Schema by file name, such as `policy.schema.json`."""
    found = {f"{file_stem(kind)}.schema.json": schema for kind, schema in authored_schemas().items()}
    for stem, model in _PROGRAMS.items():
        body = model.model_json_schema(by_alias=True, mode="validation", schema_generator=MachineSchema)
        found[f"{stem}.schema.json"] = {"$schema": _DRAFT, **body}
    # It stands in no project, so it is no part of the schema that editors are pointed to.
    reconciler = ReconcilerFile.model_json_schema(by_alias=True, mode="validation", schema_generator=AuthoredSchema)
    found["reconciler.schema.json"] = {"$schema": _DRAFT, **reconciler}
    found[COMBINED] = combined_schema()
    return dict(sorted(found.items()))


def authored_schemas() -> dict[str, Schema]:
    """Schema by kind, the project file's among them: documents that people write."""
    definitions = _definitions()
    return {kind: _standalone(model.__name__, definitions) for kind, model in _AUTHORED.items()}


def combined_schema() -> Schema:
    """One schema for every document that people write.

    It chooses by `kind` instead of trying all, so that an editor reports what is wrong with a policy and not why the
    policy is no user. It keeps to keywords that editors of draft 7 understand as well.
    """
    branches = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{model.__name__}"},
        }
        for kind, model in _AUTHORED.items()
    ]
    return {
        "$schema": _DRAFT,
        "title": "Clawforge",
        "description": "A document of a clawforge project: the project file, or a resource.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"description": "The version of this vocabulary.", "const": API_VERSION},
            "kind": {"description": "What the document is.", "enum": list(_AUTHORED)},
        },
        "allOf": branches,
        "$defs": _definitions(),
    }


def file_stem(kind: str) -> str:
    """`DlpRuleSet` -> `dlp-rule-set`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("-")


def _definitions() -> dict[str, Schema]:
    """Definitions of all models that people write, by the name of the class."""
    models = [(model, "validation") for model in _AUTHORED.values()]
    _, body = models_json_schema(models, by_alias=True, schema_generator=AuthoredSchema)  # type: ignore[arg-type]
    definitions: dict[str, Schema] = body["$defs"]
    for kind, model in _AUTHORED.items():
        # The models can do without `kind`, but a document is read by it.
        schema = definitions[model.__name__]
        schema["title"] = kind
        schema["properties"]["kind"].pop("default", None)
        schema["required"] = list(dict.fromkeys(["apiVersion", "kind", *schema["required"]]))
    return definitions


def _standalone(name: str, definitions: dict[str, Schema]) -> Schema:
    """One definition as a document, with those that it needs."""
    needed: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        for target in references(definitions[waiting.pop()]):
            if target not in needed:
                needed[target] = definitions[target]
                waiting.append(target)
    return {"$schema": _DRAFT, **definitions[name], "$defs": dict(sorted(needed.items()))}


def references(schema: Any) -> Iterator[str]:
    """Names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(target := schema.get("$ref"), str):
            yield target.removeprefix("#/$defs/")
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)
