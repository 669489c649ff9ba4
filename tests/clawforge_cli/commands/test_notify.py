"""`clawforge notify`: a trial arrives, its outcome is told and kept, and what is wrong is said where it is."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Certificates, make_certificates
from command_in_process import run_here
from hook_receiver import Receiver, receiving

SECRET = "whsec_" + base64.b64encode(b"CANARY-of-the-secret-that-signs!").decode()
COMMIT = "59b20b8d5c6ff8d09518216e87b7e28e7ba5b3f1"

CONFIG = """\
apiVersion: clawforge/v1
kind: Reconciler
server: https://clawforge.example
state: state
sources:
  - name: prod
    org: acme
    repository: {{url: https://git.example/acme/policies.git}}
    trust: {{signatures: "off"}}
    notify:
      - name: team
        type: webhook
        url: {url}/in
        secret: {{secretRef: {{env: HOOK_SECRET}}}}
        reach: loopback
        authorities: authority.pem
      - name: forge
        type: commitStatus
        forge: github
        api: {url}/api
        project: acme/policies
        token: {{secretRef: {{env: HOOK_SECRET}}}}
        reach: loopback
        authorities: authority.pem
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def receiver(certificates: Certificates) -> Iterator[Receiver]:
    with receiving(certificates) as receiver:
        yield receiver


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    (tmp_path / "authority.pem").write_bytes(certificates.authority.read_bytes())
    (tmp_path / "reconciler.yaml").write_text(CONFIG.format(url=receiver.url))
    return str(tmp_path / "reconciler.yaml")


def test_a_trial_arrives_and_is_in_the_log(config: str, receiver: Receiver) -> None:
    assert run_here({}, "notify", "log", config).stdout == "No notice went out yet.\n"
    done = run_here({}, "notify", "test", config, "team")
    assert done.stdout == "delivered  team to localhost: HTTP 200\n"
    (request,) = receiver.requests
    assert json.loads(request.body)["type"] == "test"
    logged = run_here({}, "notify", "log", config).stdout
    assert logged.endswith("  delivered  prod  test  team to localhost: HTTP 200\n")
    (delivery,) = json.loads(run_here({}, "notify", "log", config, "-o", "json").stdout)["deliveries"]
    assert delivery["id"] == request.headers["webhook-id"]
    assert "CANARY" not in logged + json.dumps(delivery)


def test_a_trial_that_fails_ends_with_one_and_is_not_repeated(config: str, receiver: Receiver) -> None:
    receiver.answers.append((503, {}, b""))
    done = run_here({}, "notify", "test", config, "team", "-o", "json", status=1)
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["attempts"], answer["detail"]) == ("failed", 1, "HTTP 503")
    assert len(receiver.requests) == 1


def test_a_status_is_tried_on_a_commit_that_is_named(config: str, receiver: Receiver) -> None:
    assert "--commit" in run_here({}, "notify", "test", config, "forge", status=1).stderr
    assert "whole id" in run_here({}, "notify", "test", config, "forge", "--commit", "HEAD", status=1).stderr
    run_here({}, "notify", "test", config, "forge", "--commit", COMMIT)
    (request,) = receiver.requests
    assert request.path == f"/api/repos/acme/policies/statuses/{COMMIT}"
    assert json.loads(request.body)["context"] == "clawforge/prod"


def test_names_that_there_are_not_are_said(config: str) -> None:
    assert "Did you mean team?" in run_here({}, "notify", "test", config, "tean", status=1).stderr
    assert "There is team, forge." in run_here({}, "notify", "test", config, "pagers", status=1).stderr
    wrong = run_here({}, "notify", "log", config, "--source", "prdo", status=1)
    assert "Did you mean prod?" in wrong.stderr


def test_a_route_of_several_sources_needs_the_source(config: str, receiver: Receiver) -> None:
    text = Path(config).read_text()
    head, _, source = text.partition("  - name: prod\n")
    Path(config).write_text(f"{head}  - name: prod\n{source}  - name: test\n{source}")
    wrong = run_here({}, "notify", "test", config, "team", status=1)
    assert "--source" in wrong.stderr
    run_here({}, "notify", "test", config, "team", "--source", "test")
    assert json.loads(receiver.requests[0].body)["data"]["source"] == "test"
    assert run_here({}, "notify", "log", config, "--source", "prod").stdout == "No notice went out yet.\n"


def test_a_secret_that_is_missing_is_said_with_its_place(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    assert "the variable HOOK_SECRET" in run_here({}, "notify", "test", config, "team", status=1).stderr


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ("type: webhook\n        events: [nothing]", ":13:18:", "matches no event"),
        ("type: webhok", ":12:15:", "Did you mean `webhook`?"),
        ("kind: webhook", ":11:9:", "`type` is one of webhook, slack, teams, commitStatus"),
        ("type: slack", ":13:14:", "`url` must be a mapping"),
        ("type: webhook\n        minSeverity: loud", ":13:22:", "one of info, warning, error, critical"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_at_its_line(config: str, written: str, place: str, said: str) -> None:
    Path(config).write_text(Path(config).read_text().replace("type: webhook", written))
    done = run_here({}, "notify", "test", config, "team", status=3)
    assert f"reconciler.yaml{place}" in done.stderr, done.stderr
    assert said in done.stderr


def test_the_installed_program_does_it(config: str, receiver: Receiver) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "clawforge"), "notify", "test", config, "team"],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "delivered  team to localhost: HTTP 200\n"
    assert len(receiver.requests) == 1
