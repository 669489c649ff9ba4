"""An org that reconcilers keep equal to git: `git-bot` runs them, `stranger` may too, and people steer them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

RUN = (
    "state:read", "plans:create", "plans:read", "plans:apply", "reconcilers:run", "reconcilers:read", "commits:verify",
)  # fmt: skip
FIRST, SECOND, THIRD = (character * 40 for character in "abc")
PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("RoleBinding", "admins", role="owner", subjects={"users": ["ann"]}),
    resource("ServiceAccount", "git-bot", permissions=list(RUN)),
    resource("ServiceAccount", "stranger", permissions=list(RUN)),
]


def org(*extra: dict[str, Any], deny: list[str] | None = None) -> list[dict[str, Any]]:
    """The org with further resources; `exec` is denied unless told."""
    return company(*PEOPLE, *extra, deny=deny)


def bot(api: Api, account: str = "git-bot", *permissions: str) -> str:
    """A key of a service account."""
    body = {"name": account, "serviceAccount": account, "permissions": list(permissions or RUN), "ttl": 86_400}
    answer = api.post("/v1/orgs/acme/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@dataclass(frozen=True)
class Seed:
    """The org as it begins, in a directory that every test copies: making it takes longer than most tests."""

    data: Path
    token: str

    @classmethod
    def sown(cls, folder: Path) -> Seed:
        """The directory, and a key of `git-bot`."""
        with opened_api(folder / "data", MovableClock()) as api:
            api.apply(org())
            return cls(folder / "data", bot(api))

    @contextmanager
    def opened(self, folder: Path, clock: MovableClock) -> Iterator[Api]:
        """The application over a copy of its own."""
        shutil.copytree(self.data, folder / "data")
        with opened_api(folder / "data", clock) as api:
            yield api


def process(number: int) -> str:
    """The random name of a process."""
    return f"process-{number:08d}"


def lease_body(holder: int = 1, **more: Any) -> dict[str, Any]:
    """What a process asks for."""
    return {
        "holder": process(holder),
        "source": "policies",
        "repository": "https://git.example/policies.git",
        "branch": "main",
        "path": "policies",
        **more,
    }


def lease(api: Any, token: str | None = None, holder: int = 1, name: str = "main", **more: Any) -> httpx.Response:
    """The answer to somebody who wants the lease, or wants to keep it."""
    answer: httpx.Response = api.post(
        f"/v1/orgs/acme/reconcilers/{name}/lease", json=lease_body(holder, **more), token=token
    )
    return answer


def fence_of(answer: httpx.Response) -> int:
    """The fence of a lease that was given."""
    assert answer.status_code == 200, answer.text
    return int(answer.json()["fence"])


def fence(number: int, name: str = "main") -> dict[str, Any]:
    """A fence as it is sent."""
    return {"reconciler": name, "number": number}


def report(api: Any, token: str | None, number: int, *conditions: dict[str, Any], **more: Any) -> httpx.Response:
    """The answer to a report."""
    body = {"fence": number, "conditions": list(conditions), **more}
    answer: httpx.Response = api.request("PUT", "/v1/orgs/acme/reconcilers/main/status", json=body, token=token)
    return answer


def condition(kind: str, status: str, reason: str = "Because", message: str = "") -> dict[str, Any]:
    """A condition as it is sent."""
    since = "2026-11-20T11:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "since": since}


def shown(api: Any, name: str = "main") -> dict[str, Any]:
    """A reconciler as people see it."""
    found = api.get("/v1/orgs/acme/reconcilers").json()["reconcilers"]
    return next(item for item in found if item["name"] == name)
