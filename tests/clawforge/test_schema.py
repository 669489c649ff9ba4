"""The published schemas say what the models say: about every field, and about every document."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import orjson
import pydantic
import pytest
from document_changes import CHANGES, at, changed, paths_of, places
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from strategies import elevation_policies, invariants, orgs

from clawforge.json_schema import merge_of
from clawforge.load.project_file import ProjectFile
from clawforge.load.resource import parse_model, parse_resource
from clawforge.load.yaml import compose
from clawforge.resolve.field import policy_fields
from clawforge.resource.policy import PolicyRules
from clawforge.resource.registry import BY_KIND, KINDS, canonical_resource
from clawforge.schema import COMBINED, authored_schemas, file_stem, schemas

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = ROOT / "tests" / "fixtures" / "reference"
AUTHORED = authored_schemas()


def read(path: Path) -> list[Any]:
    documents, problems = compose(path.read_bytes(), file=path.name)
    assert problems == []
    return [document.value for document in documents]


@cache
def completes(kind: str) -> list[Any]:
    """Documents of the kind in which every field is written; several where fields exclude each other."""
    return read(COMPLETE / f"{file_stem(kind)}.yaml")


def complete(kind: str) -> Any:
    """The first of them."""
    return completes(kind)[0]


def _as_ecmascript(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """In ECMAScript `$` matches only at the very end; Python's also before a last line break."""
    if validator.is_type(instance, "string") and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = extend(Draft202012Validator, {"pattern": _as_ecmascript})


@cache
def _validator(kind: str) -> Any:
    return Validator(AUTHORED[kind] if kind else schemas()[COMBINED])


def schema_accepts(document: Any) -> bool:
    """By the combined schema; the schema of the kind must agree."""
    accepted: bool = _validator("").is_valid(document)
    kind = document.get("kind") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind in AUTHORED:
        assert _validator(kind).is_valid(document) is accepted
    return accepted


def model_accepts(document: Any) -> bool:
    """As the loader reads files, and the server what is posted."""
    if isinstance(document, dict) and document.get("kind") == "Project":
        return isinstance(parse_model(ProjectFile, document), ProjectFile)
    return not isinstance(parse_resource(document), list)


# --- the schemas themselves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_valid_and_the_committed_one(name: str) -> None:
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert orjson.loads((ROOT / "schemas" / name).read_bytes()) == schema, "run `clawforge schema`"


def test_no_other_schema_is_committed() -> None:
    assert {path.name for path in (ROOT / "schemas").glob("*.json")} == schemas().keys()
    assert AUTHORED.keys() == {"Project", *(model.__name__ for model in KINDS)}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a schema."""
    if isinstance(schema, dict):
        yield schema
    for item in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects(item)


@pytest.mark.parametrize("kind", AUTHORED)
def test_every_field_is_described(kind: str) -> None:
    for part in (AUTHORED[kind], *AUTHORED[kind]["$defs"].values()):
        assert part["title"]
        assert part["description"]
        for name, field in part.get("properties", {}).items():
            assert field.get("title"), name
            assert field.get("description", "").endswith("."), (part["title"], name)


@pytest.mark.parametrize("kind", AUTHORED)
def test_defaults_are_valid(kind: str) -> None:
    schema = AUTHORED[kind]
    fields = [item for part in objects(schema) for item in part.get("properties", {}).values() if "default" in item]
    for field in fields:
        assert Validator({**field, "$defs": schema["$defs"]}).is_valid(field["default"]), field
        assert field["default"] is not None


def test_merge_rules_are_published() -> None:
    published = {
        f"{section}.{name}": field["x-merge"]
        for section, outer in AUTHORED["Policy"]["$defs"]["PolicySpec"]["properties"].items()
        for name, field in AUTHORED["Policy"]["$defs"]
        .get(outer.get("$ref", "").rpartition("/")[2], {})
        .get("properties", {})
        .items()
        if "x-merge" in field
    }
    message = AUTHORED["Policy"]["$defs"]["PolicySpec"]["properties"]["message"]
    assert merge_of(PolicyRules.model_fields["message"]) is not None
    assert message["x-merge"] == {"rule": "most specific"}
    assert len(published) + 1 == len(list(policy_fields()))
    assert published["exec.mode"] == {
        "rule": "strictest",
        "order": ["full", "ask", "allowlist", "deny"],
        "default": "full",
    }
    assert published["offline.lease"] == {"rule": "min", "default": "5m"}
    assert published["tools.allow"] == {"rule": "intersect"}
    assert published["tools.deny"] == {"rule": "union", "default": []}
    assert published["paths.workspaceOnly"] == {"rule": "or", "default": False}


def test_documents_of_people_know_no_null() -> None:
    assert not [part for schema in AUTHORED.values() for part in objects(schema) if part.get("type") == "null"]


def test_patterns_are_ecmascript() -> None:
    """Editors compile them in Unicode mode, where only syntax characters may be escaped."""
    for schema in schemas().values():
        for part in objects(schema):
            if isinstance(pattern := part.get("pattern"), str):
                assert not re.search(r"\(\?(?![:!=]|<[!=])|\\[AZzpPGQE]|[*+?}]\+|\[\[:", pattern), pattern
                escaped = re.findall(r"\\(x[0-9a-f]{2}|.)", pattern)
                assert all(item[0] in "x" or item in {*"^$\\.*+?()[]{}|/", *"sSwWdDnrt"} for item in escaped), pattern


def test_the_combined_schema_speaks_only_of_the_kind_that_is_meant() -> None:
    document = copy.deepcopy(complete("Policy"))
    document["spec"]["tools"]["alow"] = []
    (error,) = _validator("").iter_errors(document)
    assert list(error.absolute_path) == ["spec", "tools"]
    assert "alow" in error.message
    document["kind"] = "Polcy"
    (error,) = _validator("").iter_errors(document)
    assert list(error.absolute_path) == ["kind"]


def test_reading_field_docs_costs_nothing_at_start() -> None:
    code = "import clawforge.resource.registry, sys; sys.exit('clawforge.field_docs' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- documents that people wrote ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "policies.example").rglob("*.yaml")), ids=lambda path: path.name)
def test_the_example_is_valid(path: Path) -> None:
    for document in read(path):
        assert list(_validator("").iter_errors(document)) == []


@pytest.mark.parametrize("kind", AUTHORED)
def test_the_complete_documents_are_valid_and_complete(kind: str) -> None:
    for document in completes(kind):
        assert model_accepts(document), parse_resource(document)
        assert list(_validator("").iter_errors(document)) == []
    assert _unwritten(AUTHORED[kind], AUTHORED[kind]["$defs"], completes(kind), "") == []


def _unwritten(schema: dict[str, Any], definitions: dict[str, Any], values: list[Any], path: str) -> list[str]:
    """Fields that none of the values writes."""
    schema = {**definitions.get(schema.get("$ref", "").rpartition("/")[2], {}), **schema}
    missing = []
    for name, field in schema.get("properties", {}).items():
        below = [value[name] for value in values if isinstance(value, dict) and name in value]
        missing += _unwritten(field, definitions, below, f"{path}/{name}") if below else [f"{path}/{name}"]
    if isinstance(schema.get("items"), dict):
        below = [item for value in values if isinstance(value, list) for item in value]
        missing += _unwritten(schema["items"], definitions, below, path)
    if isinstance(schema.get("additionalProperties"), dict):
        below = [item for value in values if isinstance(value, dict) for item in value.values()]
        missing += _unwritten(schema["additionalProperties"], definitions, below, path)
    for choice in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        if "required" not in choice:
            missing += _unwritten(choice, definitions, values, path)
    return missing


# --- documents that nobody wrote ----------------------------------------------------------------------------------

EXAMPLES = [document for path in sorted((ROOT / "policies.example").rglob("*.yaml")) for document in read(path)]
DOCUMENTS = (
    st.sampled_from(tuple(AUTHORED)).flatmap(lambda kind: st.sampled_from(completes(kind)))
    | st.sampled_from(EXAMPLES)
    | orgs().filter(bool).flatmap(st.sampled_from).map(canonical_resource)
    | invariants().filter(bool).flatmap(st.sampled_from).map(canonical_resource)
    | elevation_policies().filter(bool).flatmap(st.sampled_from).map(canonical_resource)
)
WRONGLY = (
    "", " ", "Text", "a\n", "\x00", "x" * 64, "x" * 129, "x" * 257, "x" * 1025, "x" * 4097, "5m", "4000d", "group:*",
    "*", "-a.com", "~x", "2026-11-20", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00", "2026-13-01", "1700000000",
    "Policy/X", "plans:read", "a@b.c", "http://a.example", ">>1", "allow",
)  # fmt: skip
NUMBERS = (-1, 0, 1, 101, 10**6, 10**10, 2**63)
STRINGS = (
    "", " ", "everyone", "text", "Text", "a\n", "é", "\x00", "\u202e", "x" * 127, "x" * 300, "x" * 5000, "5m", "0s",
    "4000d", "m5", "group:fs", "group:*", "*", "a*b", "read*", "-a.com", "*.a.com", "A.com", "a/b", "/etc/**", "~",
    "~x", "../x", "/a/../b", "2026-11-20", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00", "1700000000", "0 8 * * *",
    "61 * * * *", "git **", "git '", "Policy/x", "Policy/X", "User/x", "Nope/x", "/spec", "spec", "plans:read", "*:*",
    "a@b.c", "sha256:" + "0" * 64, "192.0.2.1/8", "https://a.example", "http://a.example", "ftp://a.example",
    ">=1 <2", ">>1", "(", "a?", "Europe/Berlin", "Mars/Olympus", "allow", "ask", "deny", "base", "overlay", "enforce",
    "observe", "block", "redact", "warn", "off", "full", "clawforge/v1",
)  # fmt: skip


@pytest.mark.parametrize("kind", AUTHORED)
def test_models_and_schemas_agree_on_every_single_change_of_shape(kind: str) -> None:
    verdicts = set()
    for document in completes(kind):
        for path, change in product(places(document), CHANGES):
            candidate = changed(document, path, change)
            if candidate.get("kind") == kind:
                verdict = model_accepts(candidate)
                verdicts.add(verdict)
                assert _validator(kind).is_valid(candidate) is verdict, (change, path, parse_resource(candidate))
    assert verdicts == {True, False}


@pytest.mark.parametrize("name", ["params", "spec"])
def test_a_null_is_refused_whatever_its_place_is_called(name: str) -> None:
    document = {**complete("Project"), "environments": {name: {"server": None}}}
    assert not model_accepts(document)
    assert not schema_accepts(document)


@st.composite
def mangled(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """A valid document with one to three changes."""
    document = draw(DOCUMENTS)
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        if not (possible := places(document)):
            break
        path, change = draw(st.sampled_from(possible)), draw(st.sampled_from(tuple(CHANGES)))
        document = changed(document, path, change)
        steps.append(f"{change} at {'/'.join(map(str, path))}")
    return document, steps


@settings(max_examples=200, deadline=None)
@given(mangled())
def test_models_and_schemas_agree_on_shapes(drawn: tuple[Any, list[str]]) -> None:
    document, steps = drawn
    assert model_accepts(document) is schema_accepts(document), (steps, parse_resource(document))


@st.composite
def respelled(draw: st.DrawFn) -> Any:
    """A valid document with other texts and numbers in some places."""
    document = copy.deepcopy(draw(DOCUMENTS))
    leaves = [path for path in paths_of(document) if path and isinstance(at(document, path), str | int)]
    for path in draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=2)):
        old = at(document, path)
        if isinstance(old, str):
            at(document, path[:-1])[path[-1]] = draw(st.sampled_from(STRINGS) | st.text(max_size=20))
        elif not isinstance(old, bool):
            at(document, path[:-1])[path[-1]] = draw(st.integers(-5, 2_000_000))
    return document


def agree_on_spelling(document: Any) -> None:
    """The one excuse of a schema is a check in code: it cannot speak of RE2, cron, time zones, commands or two fields
    together. Whatever the models refuse by a type, a pattern, a length, a bound or a list of words, it refuses too."""
    refused = model_reasons(document)
    if not schema_accepts(document):
        assert refused
    elif refused:
        assert "value_error" in refused, refused


def model_reasons(document: Any) -> set[str]:
    """Why the model of the kind refuses a document, in the words of pydantic; the kind exists."""
    model = ProjectFile if document["kind"] == "Project" else BY_KIND[document["kind"]]
    try:
        model.model_validate_json(orjson.dumps(document), strict=True, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        return {item["type"] for item in error.errors(include_url=False)}
    return set()


@settings(max_examples=400, deadline=None)
@given(respelled().filter(lambda document: document["kind"] in AUTHORED))
def test_models_and_schemas_agree_on_spelling(document: Any) -> None:
    agree_on_spelling(document)


@pytest.mark.parametrize("kind", AUTHORED)
def test_models_and_schemas_agree_on_every_field_spelt_wrongly(kind: str) -> None:
    for whole in completes(kind):
        for path in places(whole):
            old = at(whole, path)
            if path == ("kind",) or isinstance(old, bool) or not isinstance(old, str | int):
                continue
            for new in (*WRONGLY, old + "x" * 5000) if isinstance(old, str) else NUMBERS:
                document = copy.deepcopy(whole)
                at(document, path[:-1])[path[-1]] = new
                agree_on_spelling(document)


@pytest.mark.parametrize("kind", AUTHORED)
def test_every_choice_of_a_word_is_closed(kind: str) -> None:
    """Wherever the schema lists the words that may stand, another word is refused by both."""
    tried = 0
    for whole, path in [(document, path) for document in completes(kind) for path in paths_of(document)]:
        document = copy.deepcopy(whole)
        if path and isinstance(at(document, path), str) and path[-1] not in {"apiVersion", "kind"}:
            at(document, path[:-1])[path[-1]] = "no such word"
            errors = list(_validator(kind).iter_errors(document))
            if any(error.validator in {"enum", "const"} for error in errors):
                tried += 1
                assert not model_accepts(document)
    kinds = {"Policy", "DlpRuleSet", "User", "VersionTarget", "SkillApproval", "PolicyTest", "Invariant"}
    assert tried or kind not in kinds
