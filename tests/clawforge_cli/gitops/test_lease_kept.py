"""A reconciler keeps its lease while it works and while it rests, and hears by it what people want."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
import typer
from git_fed_org import GitFedOrg, wait_for
from server_process import ServerProcess, server_process

from clawforge.load.reconciler_file import read_reconciler_file
from clawforge_cli.commands.reconcile import once_each
from clawforge_cli.gitops.cycle import Step
from clawforge_cli.gitops.lease_keeper import LeaseKeeper
from clawforge_cli.gitops.reconciling import Reconciler

SHORT = (str(Path(__file__).resolve().parents[2] / "clawforge_server/short_lease_server.py"),)
LONGER_THAN_A_TERM = 4.0
NUMBERS = count(1)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    data = tmp_path_factory.mktemp("server") / "data"
    with server_process(data, program=SHORT) as server, server.client() as client:
        yield server, client


@pytest.fixture
def org(tmp_path: Path, plane: tuple[ServerProcess, httpx.Client]) -> GitFedOrg:
    return GitFedOrg.make(tmp_path, *plane, name=f"org-{next(NUMBERS)}")


def slow(org: GitFedOrg) -> tuple[Reconciler, list[str]]:
    """A reconciler that needs longer than a term to get to its plan, and what it says."""
    said: list[str] = []

    def on_step(_name: str, begun: Step) -> None:
        if begun is Step.PLAN:
            time.sleep(LONGER_THAN_A_TERM)

    org.configure(interval="1h")
    return Reconciler(read_reconciler_file(org.config), org.folder, said.append, on_step), said


@contextmanager
def running(reconciler: Reconciler) -> Iterator[None]:
    """The loop of the source in a thread of its own."""
    with reconciler.loops() as (loop,):
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield
        finally:
            reconciler.stop.set()
            loop.wake.set()
            thread.join(timeout=20)
            assert not thread.is_alive()


def test_one_slow_cycle_keeps_its_lease(org: GitFedOrg) -> None:
    reconciler, said = slow(org)
    once_each(reconciler)
    assert (org.denied(), org.view()["held"], org.view()["fence"]) == (["browser"], False, 1), said


def test_a_cycle_whose_lease_nobody_keeps_is_an_error_and_nobody_s_to_approve(
    org: GitFedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of the keeper, and how `--once` ends when the lease is lost."""
    monkeypatch.setattr(LeaseKeeper, "_keep", lambda _: None)
    reconciler, said = slow(org)
    with pytest.raises(typer.Exit) as ended:
        once_each(reconciler)
    assert ended.value.exit_code == 1
    assert any("lease" in line for line in said), said
    assert org.denied() is None


def test_what_people_want_is_heard_between_two_looks(org: GitFedOrg) -> None:
    org.configure(interval="1h")
    reconciler = Reconciler(read_reconciler_file(org.config), org.folder, lambda _: None)
    with running(reconciler):
        wait_for("the first commit is applied", lambda: org.denied() == ["browser"])
        wait_for("it reported", lambda: org.condition("Ready").get("status") == "true")
        org.deny("exec")
        org.post("reconcilers/main/wanted", {})
        wait_for("the second is applied", lambda: org.denied() == ["exec"])
        wait_for("it is ready", lambda: org.view()["seen"] == org.repository.git("rev-parse", "HEAD"))
        org.post("reconcilers/main/suspension", {"suspended": True, "reason": "Holidays"})
        wait_for("it says so", lambda: org.condition("Ready").get("reason") == "Suspended")
        assert org.view()["fence"] == 1
