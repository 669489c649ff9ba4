"""An apply whose answer gets lost, or for which the server has no room: a clear error, and one apply in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cutting_proxy import cutting_proxy
from server_process import apply, company, make_plan, proposal, resource, server_process

from clawforge.errors import ClawforgeError, UnavailableError
from clawforge.plan import Plan
from clawforge.secret import Secret
from clawforge_cli.client import ControlPlane
from clawforge_cli.exit_codes import ExitCode, exit_code_for
from clawforge_cli.settings import Connection

STEP = int(os.environ.get("CLAWFORGE_CHAOS_CUT_STEP", "11"))
"""Every how many bytes an answer is cut; `make chaos` cuts at each."""
FULL = Path(__file__).parents[1] / "clawforge_server" / "full_disk_server.py"


def overlay(mark: int) -> dict[str, object]:
    return resource("Policy", "extra", mode="overlay", appliesTo="everyone", tools={"deny": [f"mark{mark}"]})


@pytest.mark.timeout(600)
def test_an_answer_that_is_cut_at_any_byte(tmp_path: Path) -> None:
    with (
        server_process(tmp_path / "data") as server,
        server.client() as client,
        cutting_proxy(server.url) as proxy,
    ):
        apply(client, company())
        through, direct = (ControlPlane(Connection(url, Secret(server.token))) for url in (proxy.url, server.url))
        revision, cut, whole = 1, 0, 1
        while cut < whole:
            plan = Plan.model_validate(make_plan(client, proposal(company(overlay(cut)))), strict=False)
            proxy.passes = cut
            with pytest.raises(UnavailableError) as caught:
                through.apply_plan(plan)
            assert exit_code_for(caught.value) is ExitCode.ERROR
            # It was applied, once, and the second run finds that out.
            result = direct.apply_plan(plan)
            revision += 1
            assert (result.revision, result.applied) == (revision, True)
            assert client.get("/v1/orgs/acme/state").json()["revision"] == revision
            proxy.passes = 1 << 30
            assert through.apply_plan(plan) == result
            whole, cut = proxy.answered, cut + STEP
        assert whole > 200


def test_a_full_disk_changes_nothing_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "full"
    monkeypatch.setenv("FULL_DISK_MARK", str(mark))
    with server_process(tmp_path / "data", program=(str(FULL),)) as server, server.client() as client:
        apply(client, company())
        many = [
            resource("Policy", f"p{n}", mode="overlay", appliesTo="everyone", tools={"deny": [f"tool_{n}"]})
            for n in range(300)
        ]
        plan = Plan.model_validate(make_plan(client, proposal(company(*many))), strict=False)
        control_plane = ControlPlane(Connection(server.url, Secret(server.token)))
        before = client.get("/v1/orgs/acme/state").json()
        mark.touch()
        with pytest.raises(ClawforgeError) as caught:
            control_plane.apply_plan(plan)
        assert exit_code_for(caught.value) is ExitCode.ERROR
        assert "Look for space" in caught.value.hint
        assert client.get("/v1/orgs/acme/state").json() == before
        mark.unlink()
        assert control_plane.apply_plan(plan).revision == 2
        assert client.get("/v1/orgs/acme/audit/checkpoints").json()["damage"] is None
