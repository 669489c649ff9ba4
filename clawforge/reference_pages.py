"""The reference page of every kind, in Markdown, from its schema and one document in which every field is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from clawforge.field_docs import field_docs
from clawforge.load.spelled_pattern import SPELLED_PATTERNS
from clawforge.resource.invariant import TOOL_NAME_SPELLING
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import NAME_PATTERN
from clawforge.resource.pattern import DOMAIN_SPELLING, NAME_PATTERN_SPELLING, PATH_GLOB_SPELLING
from clawforge.schema import Schema, authored_schemas, file_stem

INDEX = "README.md"

_DURATION = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
_FORMS: dict[str, tuple[str, str]] = {
    NAME_PATTERN: ("name", ""),
    r"^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,253}$": ("subject", ""),
    r"^[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,253}$": ("email", ""),
    r"^(\*|[a-z][a-z-]*):(\*|[a-z][a-z-]*)$": ("permission", ""),
    r"^sha256:[0-9a-f]{64}$": ("digest", ""),
    r"^[A-Z][A-Za-z]{0,63}/[a-z0-9][a-z0-9-]{0,62}$": ("address", ""),
    r"^Policy/[a-z0-9][a-z0-9-]{0,62}$": ("policy address", ""),
    r"^(/[^/]*)*$": ("pointer", ""),
    _DURATION: ("duration", "days, hours, minutes and seconds, such as 15m, 1h30m or 7d"),
    NAME_PATTERN_SPELLING: ("name pattern", "a name, `group:` and a group of the host's catalogue, or `prefix*`"),
    TOOL_NAME_SPELLING: ("tool name", "a name, or `group:` and a group of the host's catalogue"),
    DOMAIN_SPELLING: ("domain", "`example.com` or `*.example.com`, in lower case"),
    PATH_GLOB_SPELLING: ("path glob", "as in gitignore, beginning with `/`, `~/`, `$WORKSPACE/` or `**/`"),
}
_FORMATS = {
    "date-time": ("time", "a moment with a zone, such as 2026-11-20T10:00:00Z"),
    "date": ("date", "a day, such as 2026-11-20"),
}
_HEAD = """\
# Reference

What may stand in the YAML of a project. Unknown fields, empty values and wrong types are errors. These pages are
generated from the models; [the schemas](../how-to/edit-in-your-editor.md) say the same to an editor.

| Kind | |
|-|-|
{kinds}

Besides: [every command](cli.md), [exit codes](exit-codes.md), [lint rules](../rules/README.md).

## Forms

Short words that the pages use for the type of a value.

| Form | |
|-|-|
{forms}
"""


@dataclass(frozen=True, slots=True)
class Example:
    """Documents in which every field of their kind is written, one unless fields exclude each other: their text and
    their plain values."""

    text: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """The fields of one mapping of a document."""

    path: str
    heading: str
    schema: Schema
    values: tuple[Any, ...]


def reference_pages(examples: Mapping[str, Example]) -> dict[str, str]:
    """Page by file name: one for each kind, and the table of all. `examples` are by kind."""
    schemas = authored_schemas()
    found = {f"{file_stem(kind)}.md": _page(kind, schema, examples[kind]) for kind, schema in schemas.items()}
    found[INDEX] = _index(schemas)
    return found


def _page(kind: str, schema: Schema, example: Example) -> str:
    definitions = schema["$defs"]
    root = _Section("", "Fields", schema, example.values)
    sections = list(_sections(root, definitions))
    parts = [f"# {kind}", schema["description"], f"```yaml\n{example.text.rstrip()}\n```"]
    for section in sections:
        parts += [f"## {section.heading}"]
        if section.path:
            parts += [section.schema["description"]]
        parts += [_table(section, definitions)]
    if any("x-merge" in field for section in sections for field in section.schema["properties"].values()):
        parts += ["## How policies meet", _merge_rules()]
    return "\n\n".join(parts) + "\n"


def _sections(section: _Section, definitions: Schema) -> Iterator[_Section]:
    """The section and everything below it, in the order of the fields."""
    yield section
    for name, field in section.schema.get("properties", {}).items():
        values = tuple(value[name] for value in section.values if isinstance(value, dict) and name in value)
        path = f"{section.path}.{name}".lstrip(".")
        below = list(_mappings(path, field, definitions, values))
        for place, body, found in below:
            heading = f"`{place}`" if len(below) == 1 else f"`{place}`, {body['title'].lower()}"
            yield from _sections(_Section(place, heading, body, found), definitions)


def _mappings(
    path: str, schema: Schema, definitions: Schema, values: tuple[Any, ...]
) -> Iterator[tuple[str, Schema, tuple[Any, ...]]]:
    """The mappings with fields of their own that may stand at a place, in a list there, or under any key there."""
    body = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "properties" in body and "title" in body:
        known = body["properties"].keys()
        yield path, body, tuple(value for value in values if isinstance(value, dict) and value.keys() <= known)
    if isinstance(items := body.get("items"), dict):
        inner = tuple(item for value in values if isinstance(value, list) for item in value)
        yield from _mappings(f"{path}[]", items, definitions, inner)
    if isinstance(members := body.get("additionalProperties"), dict):
        inner = tuple(item for value in values if isinstance(value, dict) for item in value.values())
        yield from _mappings(f"{path}.<name>", members, definitions, inner)
    for choice in _choices(body):
        yield from _mappings(path, choice, definitions, values)


def _table(section: _Section, definitions: Schema) -> str:
    merged = any("x-merge" in field for field in section.schema["properties"].values())
    columns = ["Field", "Type", "Default", "Meaning", *(["How policies meet"] if merged else []), "Example"]
    rows = [f"| {' | '.join(columns)} |", "|" + "-|" * len(columns)]
    for name, field in section.schema["properties"].items():
        path = f"{section.path}.{name}".lstrip(".")
        cells = [f"`{name}`", _type(path, field, definitions), _default(section.schema, name)]
        cells += [_meaning(field, definitions)]
        cells += [_merge(field)] if merged else []
        cells += [_example(section, name) if not list(_mappings(path, field, definitions, ())) else ""]
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(rows)


def _meaning(field: Schema, definitions: Schema) -> str:
    """What the field says, and for a choice of words what they mean."""
    target = definitions.get((field.get("$ref") or field.get("items", {}).get("$ref", "")).rpartition("/")[2], {})
    words = [target["description"]] if "enum" in target else []
    return " ".join([field["description"], *words])


def _type(path: str, schema: Schema, definitions: Schema) -> str:
    """What may stand there, in words."""
    below = list(_mappings(path, schema, definitions, ()))
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    if choices := _choices(schema):
        return " or ".join(dict.fromkeys(_type(path, choice, definitions) for choice in choices))
    match schema.get("type"):
        case "array":
            item = "" if below else f" of {_type(f'{path}[]', schema['items'], definitions)}"
            link = f" of [mappings](#{_anchor(below[0][0])})" if below else ""
            return f"list{item}{link}{_bounds(schema, 'Items', ' items')}"
        case "object" if "properties" in schema:
            return f"[mapping](#{_anchor(path)})"
        case "object":
            members = schema.get("additionalProperties")
            inner = _type(f"{path}.<name>", members, definitions) if isinstance(members, dict) else "anything"
            return f"mapping to {inner}"
        case "integer":
            return f"integer{_bounds(schema, 'imum', '')}"
        case "boolean":
            return "`true`, `false`"
        case _:
            return _form(schema)


def _choices(schema: Schema) -> list[Schema]:
    """Alternatives of shape; those that only demand fields are no shapes."""
    return [item for item in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if "required" not in item]


def _form(schema: Schema) -> str:
    named = _FORMATS.get(schema.get("format", "")) or _FORMS.get(schema.get("pattern", ""))
    return f"[{named[0]}]({INDEX}#forms)" if named else "string"


def _bounds(schema: Schema, suffix: str, unit: str) -> str:
    least, most = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
    if least is not None and most is not None:
        return f", {least:,} to {most:,}{unit}"
    if most is not None:
        return f", at most {most:,}{unit}"
    return f", at least {least:,}{unit.rstrip('s') if least == 1 else unit}" if least is not None else ""


def _default(schema: Schema, name: str) -> str:
    if name in schema.get("required", ()):
        return "required"
    field = schema["properties"][name]
    return f"`{_json(field['default'])}`" if "default" in field else ""


def _merge(field: Schema) -> str:
    declared = field.get("x-merge")
    if declared is None:
        return ""
    order = f": {', '.join(f'`{word}`' for word in declared['order'])}" if "order" in declared else ""
    silent = f"; if the base is silent, `{_json(declared['default'])}`" if "default" in declared else ""
    return f"{declared['rule']}{order}{silent}"


def _merge_rules() -> str:
    """What each rule does, from the docstrings of its members."""
    docs = field_docs(MergeRule)
    head = (
        "One base gives the starting value; overlays and guardrails narrow it. Of several parents that a policy "
        "`extends`, [another rule](../decisions/0005-extends.md) holds."
    )
    return "\n".join(
        [head, "", "| Rule | |", "|-|-|", *(f"| {rule.value} | {docs[rule.name]} |" for rule in MergeRule)]
    )


def _example(section: _Section, name: str) -> str:
    for value in section.values:
        if isinstance(value, dict) and name in value:
            return f"`{_json(value[name])}`"
    return ""


def _index(schemas: Mapping[str, Schema]) -> str:
    kinds = [f"| [{kind}]({file_stem(kind)}.md) | {_cell(body['description'])} |" for kind, body in schemas.items()]
    named = [(short, words or SPELLED_PATTERNS[pattern]) for pattern, (short, words) in _FORMS.items()]
    forms = [f"| {short} | {_cell(words)} |" for short, words in (*named, *_FORMATS.values())]
    return _HEAD.format(kinds="\n".join(kinds), forms="\n".join(forms))


def _anchor(path: str) -> str:
    """The anchor that Markdown viewers give to the heading of a section."""
    return re.sub(r"[^a-z0-9_-]", "", path.lower())


def _json(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text[1:-1] if isinstance(value, str) and value else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
