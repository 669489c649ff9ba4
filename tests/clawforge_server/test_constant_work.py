"""No timing tell, by construction: the same work is done whoever is asked for, and secrets are found by their hash."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from server_app import Api
from server_process import company, resource

import clawforge_server
from clawforge_server.auth.password_hash import PasswordHashes
from clawforge_server.control_plane import ControlPlane

PASSWORD = "correct horse battery staple"


class Counted(PasswordHashes):
    """The real thing, which says how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def matches(self, hash_: str | None, password: str) -> bool:
        self.asked += 1
        return super().matches(hash_, password)


@pytest.fixture
def counted(api: Api) -> Counted:
    own = [item for item in company() if item["kind"] != "Organization"]
    api.apply(
        [
            resource("Organization", "acme", passwords={"enabled": True}),
            *own,
            resource("User", "new", email="new@acme.example"),
        ]
    )
    code = api.post("/v1/orgs/acme/password-resets", json={"user": "dev"}).json()["code"]
    assert api.post("/v1/passwords", token="", json={"code": code, "password": PASSWORD}).status_code == 200
    counted = Counted()
    plane: ControlPlane = api.plane
    object.__setattr__(plane, "desk", dataclasses.replace(plane.desk, passwords=counted))
    return counted


@pytest.mark.parametrize(
    ("email", "password", "status"),
    [
        ("dev@acme.example", PASSWORD, 201),
        ("dev@acme.example", "wrong", 401),
        ("new@acme.example", "has none yet", 401),
        ("gone@acme.example", "is suspended", 401),
        ("nobody@acme.example", "is not declared", 401),
        ("d\u0435v@acme.example", PASSWORD, 401),
        ("\uff44ev@acme.example", PASSWORD, 401),
        ("dev@acme.example\u200b", PASSWORD, 401),
        ("dev@acme.example ", PASSWORD, 401),
    ],
)
def test_one_password_hash_whoever_is_asked_for(
    api: Api, counted: Counted, email: str, password: str, status: int
) -> None:
    body = {"grant": "password", "email": email, "password": password}
    answer = api.post("/v1/orgs/acme/sessions", token="", json=body)
    # What cannot be an address at all may be told so, for it is nobody's.
    assert answer.status_code in {status, 422 if not email.isascii() or email != email.strip() else status}
    assert counted.asked == (0 if answer.status_code == 422 else 1)


def test_every_refused_credential_is_answered_alike(api: Api) -> None:
    api.apply(company())
    made = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["*:*"]}).json()
    ended = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["*:*"], "ttl": 60}).json()
    api.delete(f"/v1/orgs/acme/tokens/{made['id']}")
    api.clock.move(minutes=2)
    answers: list[Any] = [
        api.get("/v1/orgs/acme/state", token=token) for token in (made["token"], ended["token"], "cf_live_x")
    ]
    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {401}


def test_no_code_compares_credentials_by_themselves() -> None:
    """They are looked up by SHA-256 and compared by nothing else. The one line that is found compares public ids."""
    suspicious = re.compile(
        r"(token|credential|password|secret|code)\s*(==|!=)\s*(?!None)[a-z_.]*(token|credential|password|secret|code)\b"
    )
    found = [
        f"{file.name}: {line.strip()}"
        for file in Path(clawforge_server.__path__[0]).rglob("*.py")
        for line in file.read_text().splitlines()
        if suspicious.search(line)
    ]
    assert found == ["principal.py: return credential == self.credential or (everything and holder == self.holder)"]
