"""An org with single sign-on and federated pipelines, and the issuer that it trusts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from certificates import Certificates, make_certificates
from identity_issuer import Issuer, running_issuer
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

from clawforge_server.auth.oidc.egress import Egress

CLIENT = "clawforge-cli"
AUDIENCE = "https://clawforge.acme.example"
GITHUB_CLAIMS = {
    "repository": "acme/policies",
    "repository_id": "74",
    "repository_owner": "acme",
    "repository_owner_id": "65",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "ref_protected": "true",
    "environment": "production",
    "event_name": "push",
    "workflow_ref": "acme/policies/.github/workflows/apply.yml@refs/heads/main",
    "job_workflow_ref": "acme/policies/.github/workflows/apply.yml@refs/heads/main",
    "run_id": "4711",
    "run_attempt": "1",
    "actor": "alice",
    "runner_environment": "github-hosted",
}
GITHUB_SUBJECT = "repo:acme/policies:environment:production"
GITLAB_CLAIMS = {
    "project_id": "22",
    "project_path": "acme/policies",
    "namespace_id": "72",
    "namespace_path": "acme",
    "pipeline_source": "push",
    "ref": "main",
    "ref_type": "branch",
    "ref_protected": "true",
    "job_id": "302",
    "user_login": "alice",
}
GITLAB_SUBJECT = "project_path:acme/policies:ref_type:branch:ref:main"


@dataclass
class World:
    """A control plane, and the issuer that vouches for people and pipelines."""

    api: Api
    issuer: Issuer
    certificates: Certificates

    def sign_in(self, token: str, org: str = "acme", **options: Any) -> httpx.Response:
        """A person shows an identity token."""
        return self.api.post(f"/v1/orgs/{org}/sessions", token="", json={"grant": "oidc", "token": token}, **options)

    def federate(self, account: str, token: str, **options: Any) -> httpx.Response:
        """A pipeline shows an identity token."""
        body = {"grant": "federated", "serviceAccount": account, "token": token}
        return self.api.post("/v1/orgs/acme/sessions", token="", json=body, **options)

    def person(self, **claims: Any) -> str:
        """The identity token of the user `dev`, with changes."""
        usual = {"sub": "subject-dev", "aud": CLIENT, "email": "dev@acme.example", "email_verified": True}
        return self.issuer.token(**{**usual, **claims})

    def github(self, **claims: Any) -> str:
        """The identity token of a job on the main branch, with changes."""
        return self.issuer.token(**{"sub": GITHUB_SUBJECT, "aud": AUDIENCE, **GITHUB_CLAIMS, **claims})

    def gitlab(self, **claims: Any) -> str:
        """The identity token of a job on the main branch, with changes."""
        return self.issuer.token(**{"sub": GITLAB_SUBJECT, "aud": AUDIENCE, **GITLAB_CLAIMS, **claims})

    def resources(self, *extra: dict[str, Any], **organization: Any) -> list[dict[str, Any]]:
        """The org: it trusts the issuer in three ways."""
        sso = {"issuer": self.issuer.url, "clientId": CLIENT}
        trust = {"issuer": self.issuer.url, "audience": AUDIENCE}
        by_id = {"repository_id": "74", "repository_owner_id": "65", "ref": "refs/heads/main", "event_name": "push"}
        project = {"project_id": "22", "namespace_id": "72", "ref_protected": "true"}
        own = [item for item in company() if item["kind"] != "Organization"]
        return [
            resource("Organization", "acme", **{"displayName": "Acme", "sso": sso, **organization}),
            *own,
            resource("Group", "auditors", members={"claims": ["sec-auditors"]}),
            resource("RoleBinding", "auditors", role="auditor", subjects={"groups": ["auditors"]}),
            _account("github", federated={**trust, "claims": by_id}),
            _account("github-subject", federated={**trust, "subject": GITHUB_SUBJECT}),
            _account("github-proposals", federated={**trust, "subject": "repo:acme/policies:pull_request"}),
            _account("gitlab", federated={**trust, "subject": GITLAB_SUBJECT, "claims": project}),
            _account("keyed"),
            *extra,
        ]


def _account(name: str, **spec: Any) -> dict[str, Any]:
    usual = {"permissions": ["plans:create", "plans:read"], "expires": "2027-06-30T00:00:00Z"}
    return resource("ServiceAccount", name, **{**usual, **spec})


@contextmanager
def sign_in_world(directory: Path, clock: MovableClock, egress: Egress | None = None) -> Iterator[World]:
    """A world whose org exists already. Unless told, the server may ask issuers on this machine."""
    certificates = make_certificates(directory)
    egress = egress or Egress(allow_private=True, ca=certificates.authority)
    with (
        running_issuer(certificates, clock.now) as issuer,
        opened_api(directory / "data", clock, egress) as api,
    ):
        world = World(api, issuer, certificates)
        api.apply(world.resources())
        yield world
