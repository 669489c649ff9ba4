"""Settings of webhooks and notices: what cannot work is refused where it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from clawforge.reconcile.hook_settings import HookSettings
from clawforge.reconcile.notify_settings import Routes
from clawforge.secret_ref import SecretRef

ROUTES: TypeAdapter[Routes] = TypeAdapter(Routes)
TOKEN = {"secretRef": {"env": "TOKEN"}}


def routes(*written: dict[str, Any]) -> Routes:
    return ROUTES.validate_json(json.dumps(written), strict=True)


def status(**changes: Any) -> dict[str, Any]:
    made = {"name": "s", "type": "commitStatus", "forge": "github", "project": "acme/policies", "token": TOKEN}
    return made | changes


@pytest.mark.parametrize("place", [{"env": "A"}, {"file": "a/b"}, {"exec": ["pass", "show", "hook"]}])
def test_a_secret_is_kept_in_one_place(place: dict[str, Any]) -> None:
    ref = SecretRef.model_validate_json(json.dumps({"secretRef": place}))
    assert next(iter(place)) in {"env", "file", "exec"}
    assert "secretRef" in ref.model_dump_json(by_alias=True)


@pytest.mark.parametrize(
    "place",
    [{}, {"env": "A", "file": "b"}, {"env": ""}, {"env": "A B"}, {"exec": []}, {"exec": "pass"}, {"file": "a\nb"}],
)
def test_a_secret_that_is_nowhere_or_twice_is_refused(place: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SecretRef.model_validate_json(json.dumps({"secretRef": place}))


def test_a_secret_itself_is_refused() -> None:
    with pytest.raises(ValidationError):
        HookSettings.model_validate_json('{"provider": "github", "secret": "letmein"}')


def test_routes_are_read_by_their_type() -> None:
    found = routes(
        {"name": "a", "type": "webhook", "url": "https://hooks.example/in?x=1", "secret": TOKEN},
        {"name": "b", "type": "slack", "url": TOKEN, "events": ["commit.*"], "minSeverity": "error"},
        {"name": "c", "type": "teams", "url": TOKEN, "reach": "private"},
        status(name="d", forge="gitlab", project="acme/group/policies", context="clawforge/prod"),
    )
    assert [route.type for route in found] == ["webhook", "slack", "teams", "commitStatus"]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"name": "a", "type": "slack", "url": "https://hooks.slack.com/x"}, "secretRef|object|dictionary"),
        ({"name": "a", "type": "slack", "url": TOKEN, "events": ["nothing.*"]}, "matches no event"),
        ({"name": "a", "type": "slack", "url": TOKEN, "events": []}, "at least 1"),
        ({"name": "a", "type": "webhook", "url": "https://user@hooks.example/", "secret": TOKEN}, "url"),
        ({"name": "a", "type": "pager", "url": TOKEN}, "type"),
        (status(forge="gitea"), "say `api`"),
        (status(project="acme"), "project"),
        (status(project="acme/a/b"), "owner/name"),
        (status(project="acme/.."), "owner/name"),
        (status(context="a\nb"), "context"),
    ],
)
def test_what_cannot_work_is_refused(written: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        routes(written)


def test_two_routes_have_two_names() -> None:
    with pytest.raises(ValidationError, match="two routes are called 's'"):
        routes(status(), status())
