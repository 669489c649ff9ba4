"""An org whose ChangePolicies are tried: ann proposes and applies, bob and cat approve, own owns, dev may nothing."""

from __future__ import annotations

from typing import Any

import httpx
from server_process import company, resource

BASE = [
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob", "cat", "own")),
    resource("Role", "pipeline", permissions=["plans:create", "plans:apply", "plans:read"]),
    resource("RoleBinding", "owners", role="owner", subjects={"users": ["own"]}),
    resource("RoleBinding", "pipelines", role="pipeline", subjects={"users": ["ann", "bob", "cat"]}),
]
APPROVERS = resource("RoleBinding", "approvers", role="approver", subjects={"users": ["bob", "cat"]})
ALL = [*BASE, APPROVERS]


def org(*extra: dict[str, Any], deny: list[str] | None = None) -> list[dict[str, Any]]:
    """The org with further resources; `exec` and `write` are denied unless told."""
    return company(*ALL, *extra, deny=["exec", "write"] if deny is None else deny)


def loosen(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    """The org with a tool less denied."""
    return org(*extra, deny=["write"])


def tighten(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    """The org with a tool more denied."""
    return org(*extra, deny=["exec", "write", "web_fetch"])


def policy(name: str = "p", **spec: Any) -> dict[str, Any]:
    """A ChangePolicy."""
    return resource("ChangePolicy", name, **spec)


def rule(name: str = "p", **spec: Any) -> dict[str, Any]:
    """A ChangePolicy with one rule about approvals."""
    return policy(name, approvals=[spec])


def as_(api: Any, name: str) -> str:
    """A session of a user."""
    return str(api.session(f"user:{name}")["accessToken"])


def propose(api: Any, name: str, resources: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The plan of somebody's proposal, which must pass."""
    body = {"source": "policies", "resources": resources, "positions": {}, **more}
    answer = api.post("/v1/orgs/acme/plans", json=body, token=as_(api, name))
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


def approve(api: Any, name: str, plan: dict[str, Any], **body: Any) -> httpx.Response:
    """The answer to somebody's approval."""
    return _judge(api, name, plan, "approvals", body)


def reject(api: Any, name: str, plan: dict[str, Any], **body: Any) -> httpx.Response:
    """The answer to somebody's rejection."""
    return _judge(api, name, plan, "rejections", body)


def apply_as(api: Any, name: str, plan: dict[str, Any], **terms: Any) -> httpx.Response:
    """The answer to somebody's apply, `terms` being what they say beside the plan."""
    return send(api, as_(api, name), plan, **terms)


def send(api: Any, token: str | None, plan: dict[str, Any], **terms: Any) -> httpx.Response:
    """The answer to an apply with a credential."""
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
    answer: httpx.Response = api.post(path, json={"plan": plan, **terms}, headers=headers, token=token)
    return answer


def code_of(answer: httpx.Response) -> str | None:
    """The code of a refusal; None for what was done."""
    return None if answer.is_success else str(answer.json()["code"])


def _judge(api: Any, name: str, plan: dict[str, Any], verdict: str, body: dict[str, Any]) -> httpx.Response:
    answer: httpx.Response = api.post(f"/v1/orgs/acme/plans/{plan['id']}/{verdict}", json=body, token=as_(api, name))
    return answer
