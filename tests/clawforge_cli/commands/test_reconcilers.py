"""`clawforge reconcilers`, the client that reconcilers use, and what `status` says, on a real control plane."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_in_process import Done, run_here
from server_process import ServerProcess, apply, company, make_plan, proposal, server_process

from clawforge.errors import ConflictError
from clawforge.plan import Plan
from clawforge.reconcile.condition import Condition, ConditionType
from clawforge.reconcile.fence import Fence
from clawforge.secret import Secret
from clawforge.wire import ApplyTerms
from clawforge.wire_reconcile import LastApplied, LeaseRequest, ReconcilerReport
from clawforge_cli.reconcile_client import ReconcileClient
from clawforge_cli.settings import Connection

COMMIT = "3f" * 20
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOSTILE = "red \x1b[31m text"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, company())
        yield server


@pytest.fixture
def client(plane: ServerProcess) -> ReconcileClient:
    return ReconcileClient(Connection(plane.url, Secret(plane.token)), "acme")


def variables(plane: ServerProcess) -> dict[str, str]:
    return {"CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": plane.token, "CLAWFORGE_ORG": "acme"}


def run(plane: ServerProcess, *arguments: str, status: int = 0) -> Done:
    return run_here(variables(plane), *arguments, status=status)


def asked(name: str, holder: str = "h" * 16) -> LeaseRequest:
    return LeaseRequest(
        holder=holder, source=name, repository="https://git.example/p.git", branch="main", path="policies"
    )


def condition(kind: ConditionType, status: Any, reason: str, message: str = "") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message, since=NOON)


def test_nobody_reconciles_yet(plane: ServerProcess) -> None:
    assert run(plane, "reconcilers", "list").stdout.startswith("No reconciler ever ran here.")
    assert run(plane, "reconcilers", "now", "nobody", status=1).stderr.startswith("Error: No reconciler 'nobody'")


def test_a_reconciler_through_its_client_and_in_the_words_of_the_program(
    plane: ServerProcess, client: ReconcileClient
) -> None:
    lease = client.lease("main", asked("policies"))
    with pytest.raises(ConflictError) as caught:
        client.lease("main", asked("policies", "i" * 16))
    assert caught.value.code == "lease-held"
    fence = Fence(reconciler="main", number=lease.fence)
    with plane.client() as owner:
        body = make_plan(owner, proposal(company(deny=["exec", "write"]), commit=COMMIT))
    plan = Plan.model_validate_json(json.dumps(body))
    assert client.apply_plan(plan, ApplyTerms(fence=fence)).revision == 2
    assert client.lease("main", asked("policies")).last == LastApplied(commit=COMMIT, revision=2)
    ready = condition(ConditionType.READY, "true", "Succeeded")
    client.report("main", ReconcilerReport(fence=lease.fence, conditions=(ready,), commit=COMMIT))
    shown = run(plane, "reconcilers", "list").stdout
    assert shown.splitlines()[:3] == [
        "main  ready  source policies",
        "  https://git.example/p.git, branch main, directory policies",
        "  applied 3f3f3f3f3f3f at revision 2, saw 3f3f3f3f3f3f, report of "
        + _second(shown)
        + "; changes by others: correct",
    ]
    assert "reconciler main is ready, applied 3f3f3f3f3f3f at revision 2" in run(plane, "status").stdout
    listed = json.loads(run(plane, "reconcilers", "list", "--format", "json").stdout)
    assert listed["reconcilers"][0]["conditions"][0]["reason"] == "Succeeded"
    view = client.release("main", lease.fence)
    assert (view.held, view.holder) == (False, None)


def _second(text: str) -> str:
    return text.partition("report of ")[2].partition(";")[0]


def test_what_stalls_is_said_and_harmless_on_a_terminal(plane: ServerProcess, client: ReconcileClient) -> None:
    lease = client.lease("odd", asked("odd"))
    stalled = condition(ConditionType.STALLED, "true", "CommitNotSigned", "signed by \N{RIGHT-TO-LEFT OVERRIDE}nna")
    report = ReconcilerReport(fence=lease.fence, conditions=(stalled,), message="see the log")
    client.report("odd", report)
    found = run(plane, "reconcilers", "list").stdout
    assert "odd  stalled  source odd" in found
    assert "Stalled true, CommitNotSigned since 2026-11-20T12:00:00Z: signed by" in found
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in found
    status = run(plane, "status", status=3).stdout
    assert "the reconciler odd is stalled: CommitNotSigned: `clawforge reconcilers list`" in status


def test_suspending_resuming_accepting_and_asking_for_a_look(plane: ServerProcess, client: ReconcileClient) -> None:
    client.lease("steered", asked("steered"))
    off = run(plane, "reconcilers", "suspend", "steered", "--reason", HOSTILE, status=1)
    assert "\x1b" not in off.stderr
    off = run(plane, "reconcilers", "suspend", "steered", "--reason", "incident 7 \N{RIGHT-TO-LEFT OVERRIDE}")
    assert off.stderr.startswith("steered applies nothing from now on")
    listed = run(plane, "reconcilers", "list").stdout
    assert "steered  suspended" in listed
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in listed
    assert "the reconciler steered is suspended" in run(plane, "status", status=3).stdout
    assert run(plane, "reconcilers", "suspend", "steered", "--reason", "x", status=4).stderr.startswith("Error: ")
    on = run(plane, "reconcilers", "resume", "steered", "--reason", "over", "--format", "json")
    assert json.loads(on.stdout)["suspension"] is None
    assert run(plane, "reconcilers", "resume", "steered", "--reason", " ", status=1).stderr.startswith("Error: ")
    short = run(plane, "reconcilers", "acknowledge", "steered", "3f3f3f", "--reason", "cleaned", status=1)
    assert "named by its whole id" in short.stderr
    taken = run(plane, "reconcilers", "acknowledge", "steered", COMMIT, "--reason", "history was cleaned")
    assert taken.stderr.startswith("steered may go on from 3f3f3f3f3f3f")
    assert "accepted by a person for 3f3f3f3f3f3f" in run(plane, "reconcilers", "list").stdout
    client.lease("steered", asked("steered"))
    looked = run(plane, "reconcilers", "now", "steered")
    assert looked.stderr.startswith("steered looks at git within seconds")
    lease = client.lease("steered", asked("steered"))
    assert (lease.wanted, lease.acknowledged) == (2, COMMIT)


def test_forgetting_one_that_nobody_runs(plane: ServerProcess, client: ReconcileClient) -> None:
    lease = client.lease("old", asked("old"))
    held = run(plane, "reconcilers", "forget", "old", "--reason", "moved", status=4)
    assert "runs the reconciler old" in held.stderr
    client.release("old", lease.fence)
    assert run(plane, "reconcilers", "forget", "old", "--reason", "moved").stderr.startswith("old is forgotten")


def test_the_installed_program_lists_them(plane: ServerProcess, client: ReconcileClient) -> None:
    client.lease("listed", asked("listed"))
    program = Path(sys.executable).parent / "clawforge"
    done = subprocess.run(
        [program, "reconcilers", "list", "--format", "json"],
        env={"PATH": "/usr/bin:/bin", **variables(plane)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "listed" in [item["name"] for item in json.loads(done.stdout)["reconcilers"]]
