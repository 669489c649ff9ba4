"""From models to JSON Schema 2020-12 as people and editors want it.

Differs from what pydantic writes in these ways: fields carry their docstrings, their defaults as they are written in
YAML, and in `x-merge` how several policies meet; titles are words; mappings say what their keys look like; documents
that people write know no explicit null, because the loader refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import DefsRef, GenerateJsonSchema, JsonSchemaKeyT, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from clawforge.field_docs import field_docs
from clawforge.resource.merge import Merge

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class MachineSchema(GenerateJsonSchema):
    """For documents that programs write; an absent value may stand there as null."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """The object with its fields described."""
        body = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        docs = field_docs(model)
        for name, field in model.model_fields.items():
            described = body.get("properties", {}).get(field.alias or name)
            if described is not None:
                described["title"] = title_of(field.alias or name)
                described |= {"description": docs[name]} if name in docs else {}
                _add_default(described, field)
                _add_merge(described, field)
        return body

    def generate(self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema of one document."""
        body = super().generate(schema, mode)
        return body | ({"$defs": _in_words(body["$defs"])} if "$defs" in body else {})

    def generate_definitions(
        self, inputs: Sequence[tuple[JsonSchemaKeyT, JsonSchemaMode, core_schema.CoreSchema]]
    ) -> tuple[dict[tuple[JsonSchemaKeyT, JsonSchemaMode], JsonSchemaValue], dict[DefsRef, JsonSchemaValue]]:
        """The schemas of several documents, and the definitions that they share."""
        documents, definitions = super().generate_definitions(inputs)
        return documents, _in_words(definitions)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without the default, which stands at the field as YAML would spell it."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Keys of another form are refused, not ignored."""
        body = super().dict_schema(schema)
        patterns = body.pop("patternProperties", None)
        if patterns is not None:
            ((pattern, values),) = patterns.items()
            body["propertyNames"] = {"pattern": pattern}
            body["additionalProperties"] = values
        return body


class AuthoredSchema(MachineSchema):
    """For documents that people write: a key that says nothing is left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The value alone."""
        return self.generate_inner(schema["schema"])


def _in_words(definitions: dict[DefsRef, JsonSchemaValue]) -> dict[DefsRef, JsonSchemaValue]:
    for body in definitions.values():
        if "title" in body:
            body["title"] = title_of(body["title"])
        if "description" in body:
            body["description"] = " ".join(body["description"].split())
    return definitions


def title_of(name: str) -> str:
    """`maxStale` -> "Max stale", `DlpRuleSet` -> "Dlp rule set"."""
    words = _WORD_START.sub(" ", name.replace("_", " ")).strip().lower()
    return words[:1].upper() + words[1:]


def merge_of(field: FieldInfo) -> Merge | None:
    """How values of several policies meet, where the field says so."""
    return next((item for item in field.metadata if isinstance(item, Merge)), None)


def _add_default(described: JsonSchemaValue, field: FieldInfo) -> None:
    if field.is_required():
        return
    value = as_written(field, field.get_default(call_default_factory=True))
    emptiness_refused = described.get("minItems") or described.get("minProperties")
    if value is not None and not (emptiness_refused and not value):
        described["default"] = value


def _add_merge(described: JsonSchemaValue, field: FieldInfo) -> None:
    merge = merge_of(field)
    if merge is None:
        return
    declared: dict[str, Any] = {"rule": merge.rule.value}
    if merge.order:
        declared["order"] = list(merge.order)
    default = as_written(field, merge.default)
    if default is not None:
        declared["default"] = default
    described["x-merge"] = declared


def as_written(field: FieldInfo, value: Any) -> Any:
    """A value of the field as JSON and YAML spell it, what is default inside it left out; None for None."""
    if value is None or isinstance(value, Enum):
        return None if value is None else value.value
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    return adapter.dump_python(value, mode="json", by_alias=True, exclude_defaults=True)
