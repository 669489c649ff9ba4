"""schemathesis against the served description of the API, over a real server: `make api-fuzz CALLS=20000` for long."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import TIRELESS, ServerProcess, apply, company, make_plan, proposal, resource, server_process

from clawforge.resource.role import BUILT_IN_ROLES

CALLS = int(os.environ.get("CLAWFORGE_FUZZ_CALLS", "600"))
SEED = os.environ.get("CLAWFORGE_FUZZ_SEED", "4")
HOOKS = Path(__file__).parents[1] / "api_fuzz_hooks.py"
OPERATIONS = 82
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
"""Left out: what is about data that a schema cannot describe, and about credentials, which the route matrix tests."""


def people() -> list[dict[str, Any]]:
    names = ("ann", "ben", "victim")
    return [resource("User", name, email=f"{name}@acme.example") for name in names]


def world(client: httpx.Client) -> dict[str, Any]:
    """Two orgs with something of everything, and a key for every built-in role."""
    for org in ("acme", "other"):
        apply(client, [resource("Organization", org), *company(*people())[1:]], org)
    tokens = [str(client.headers["Authorization"]).removeprefix("Bearer "), "cf_live_unknown"]
    for name, permissions in BUILT_IN_ROLES.items():
        tokens.append(made(client, "tokens", name=name, permissions=list(permissions))["token"])
    spare = [made(client, "tokens", name="spare", permissions=["state:read"])["id"] for _ in range(5)]
    enrollments = [made(client, "enrollments", user="victim", uses=100) for _ in range(5)]
    agents = [enrolled(client, "dev")["credential"] for _ in range(2)]
    kill = made(client, "overlays", scope="tool:plugin.odd", reason="because")["overlay"]["id"]
    plans = [make_plan(client, proposal(company(*people(), deny=[f"tool_{n}"])))["id"] for n in range(3)]
    return {
        "tokens": tokens,
        "agents": agents,
        "names": {
            "org": ["acme", "acme", "other", "nowhere"],
            "id": [*spare, *plans, kill, *(item["id"] for item in enrollments)],
            "name": ["victim", enrolled(client, "victim")["instance"]],
            "user": ["victim"],
            "n": ["1", "2"],
        },
        "fields": {
            "token": [item["token"] for item in enrollments],
            "user": ["dev", "ann", "victim", "ann@acme.example"],
            "permissions": [["state:read"], ["*:*"]],
            "reason": ["because"],
            "serviceAccount": [None],
        },
    }


def made(client: httpx.Client, what: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/orgs/acme/{what}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def enrolled(client: httpx.Client, user: str) -> dict[str, Any]:
    answer = client.post("/v1/enroll", json={"token": made(client, "enrollments", user=user)["token"]})
    assert answer.status_code == 201, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


def fuzz(server: ServerProcess, folder: Path) -> tuple[int, int, str]:
    """The exit code, how many requests were made, and what it printed."""
    with server.client() as client:
        (folder / "world.json").write_text(json.dumps(world(client)))
    # Wrong data may also be too large, or come from somebody who has to wait.
    refusals = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 428, 429]
    settings = f"[checks.negative_data_rejection]\nexpected-statuses = {refusals}\n"
    (folder / "schemathesis.toml").write_text(settings)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
    command += ["--phases", "coverage,fuzzing", "--max-examples", str(max(4, CALLS // OPERATIONS)), "--seed", SEED]
    # An open stream would never end.
    command += ["--exclude-path", "/v1/orgs/{org}/audit/stream", "--exclude-path", "/v1/agent/events"]
    command += ["--checks", ",".join(CHECKS)]
    command += ["--continue-on-failure", "--request-timeout", "30", "--no-color", "--generation-database", "none"]
    command += ["--suppress-health-check", "all", "--output-truncate", "false", "--warnings", "off"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "CLAWFORGE_FUZZ_WORLD": str(folder / "world.json"),
        "CLAWFORGE_FUZZ_SEED": SEED,
    }
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    counted = re.search(r"(\d+) generated", done.stdout)
    return done.returncode, int(counted[1]) if counted else 0, done.stdout + done.stderr


@pytest.mark.timeout(0 if CALLS > 5_000 else 300)
def test_no_call_makes_the_server_fail_or_answer_what_it_does_not_describe(tmp_path: Path) -> None:
    with server_process(tmp_path / "data", options=(*TIRELESS, "--behind-proxy")) as server:
        code, calls, printed = fuzz(server, tmp_path)
        failures = [line for line in server.log.read_text().splitlines() if '"level": "error"' in line]
        print(f"{calls} calls")
    assert failures == []
    assert code == 0, printed
    assert calls >= CALLS
