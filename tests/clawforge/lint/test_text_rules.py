"""Rules over every text of a resource: secrets, look-alike letters, invisible characters."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import orgs, resource

from clawforge.canonical import JsonValue
from clawforge.decide.dlp.credentials import DETECTORS as CREDENTIALS
from clawforge.decide.dlp.registry import DETECTORS, detector_named
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.registry import RULES
from clawforge.lint.resource_text import texts_of
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

BY_ID = {rule.id: rule for rule in RULES}
PERSONAL = {"credit-card"}


def found(rule: str, *resources: Resource) -> list[Finding]:
    return list(BY_ID[rule].check(LintContext.of(resources)))


def user(text: str, **metadata: Any) -> Resource:
    return resource("User", "alice", {"email": "alice@acme.example", "displayName": text}, **metadata)


def case(params: dict[str, Any], name: str = "a") -> Resource:
    one = {"name": name, "subject": {"user": "alice"}, "call": {"tool": "write", "params": params}}
    return resource("PolicyTest", "leaks", {"cases": [{**one, "expect": {"effect": "deny"}}]})


def follow(value: JsonValue, pointer: str) -> JsonValue:
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(token)]
        else:
            assert isinstance(value, dict)
            value = value[token]
    return value


@settings(max_examples=60, deadline=None)
@given(orgs())
def test_every_text_stands_where_its_pointer_says(resources: list[Resource]) -> None:
    for item in resources:
        body = item.model_dump(mode="json", by_alias=True)
        for pointer, text in texts_of(item):
            assert text in (follow(body, pointer), pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))
        held = {text for _, text in texts_of(item)}
        assert canonical_resource(item)["metadata"]["name"] in held


@pytest.mark.parametrize("name", CREDENTIALS)
def test_what_a_detector_of_secrets_knows_is_refused_and_never_shown(name: str) -> None:
    for value in detector_named(name).good:
        (item,) = found("secret-in-yaml", user(value))
        assert (item.pointer, item.severity) == ("/spec/displayName", Severity.ERROR)
        assert value not in item.message + item.hint


def test_every_detector_is_for_secrets_or_for_data_of_persons() -> None:
    assert {detector.id for detector in DETECTORS} == set(CREDENTIALS) | PERSONAL
    assert all(detector_named(name).keywords for name in CREDENTIALS)


def test_secrets_are_found_in_names_of_labels_and_deep_in_parameters() -> None:
    token = detector_named("github-pat").good[0]
    (item,) = found("secret-in-yaml", user("Alice", annotations={"a/b~c": token}))
    assert item.pointer == "/metadata/annotations/a~1b~0c"
    (item,) = found("secret-in-yaml", user("Alice", labels={token: "x"}))
    assert item.pointer == f"/metadata/labels/{token}"
    (item,) = found("secret-in-yaml", case({"deep": [{"x": [0, token]}]}))
    assert (item.pointer, item.severity) == ("/spec/cases/0/call/params/deep/0/x/1", Severity.WARNING)
    (item,) = found("secret-in-yaml", case({}, name=token))
    assert item.severity is Severity.ERROR


def test_headers_without_a_key_and_patterns_of_rules_are_no_secrets() -> None:
    header = "-----BEGIN " + "RSA PRIVATE KEY-----"
    assert found("secret-in-yaml", user(header), case({"content": header + "\n..."})) == []
    token = detector_named("github-pat").good[0]
    rule = {"id": "one", "pattern": token, "keywords": [token], "action": "block"}
    assert found("secret-in-yaml", resource("DlpRuleSet", "r", {"appliesTo": "everyone", "rules": [rule]})) == []


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("\u0430dmin", "U+0430"),
        ("adm\u0456n of all", "U+0456"),
        ("fine words, then \u0391lice", "U+0391"),
        ("\uff41lice", "U+FF41"),
        ("\U0001d41alice", "U+1D41A"),
        ("N\u043evák", "U+043E"),
        ("IT\u043e\u0442\u0434\u0435\u043b, then r\u043e\u043et", "U+043E"),
        ("Борис", None),
        ("Борис and Alice", None),
        ("IT\u043e\u0442\u0434\u0435\u043b", None),
        ("Δt in µs, Ω", None),
        ("naïve Größe Ångström", None),
        ("日本語", None),
    ],
)
def test_words_that_mix_look_alikes(text: str, letter: str | None) -> None:
    items = found("confusable-name", user(text))
    assert [letter in item.message for item in items] == ([True] if letter else [])


@pytest.mark.parametrize(
    "code", [0xAD, 0x200B, 0x200D, 0x200E, 0x202E, 0x2060, 0x2066, 0xFEFF, 0x3164, 0xFE0F, 0xE0041]
)
def test_invisible_characters_between_plain_letters(code: int) -> None:
    (item,) = found("invisible-characters-in-text", user(f"a{chr(code)}b"))
    assert f"U+{code:04X}" in item.message
    assert item.message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "\u2764\ufe0f",
        "\U0001f469\u200d\U0001f4bb",
        "\U0001f468\U0001f3fd\u200d\U0001f680",
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "no\u00a0break",
    ],
)
def test_scripts_and_emoji_keep_what_they_need(text: str) -> None:
    assert found("invisible-characters-in-text", user(text)) == []


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_any_text_can_be_looked_at(text: str) -> None:
    for rule in ("confusable-name", "invisible-characters-in-text", "secret-in-yaml"):
        for item in found(rule, user(text), case({text: [text]})):
            assert item.message
            assert item.hint


def test_many_resources_take_no_long_look() -> None:
    people = [
        resource("User", f"u{n}", {"email": f"u{n}@acme.example", "displayName": "Zoë, back from Asia"})
        for n in range(5000)
    ]
    context = LintContext.of(people)
    started = time.process_time()
    for rule in ("confusable-name", "invisible-characters-in-text", "secret-in-yaml"):
        assert list(BY_ID[rule].check(context)) == []
    assert time.process_time() - started < 3
