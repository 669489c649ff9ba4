"""Every fault of the way to the server, in every situation of an agent: no call passes that the policy forbids.

`pytest -s` prints what was asked and passed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fault_matrix import MINUTE, Phase, play, table
from faulty_server import Fault
from signing_world import NOON

from clawforge import trust as trust_module
from clawforge.errors import UnavailableError, UntrustedError
from clawforge.lease import Freshness
from clawforge.overlay import elevated as elevated_module
from clawforge.resource.policy_test import Effect
from clawforge_cli.agent import service as service_module
from clawforge_cli.agent.poller import Poller


def test_no_fault_lets_a_call_pass_that_the_policy_forbids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = {
        (fault, phase): play(fault, phase, tmp_path / f"{fault.name}-{phase.name}")
        for fault in Fault
        for phase in Phase
    }
    print("\n" + table(cells))
    assert {key: cell.forbidden for key, cell in cells.items() if cell.forbidden} == {}
    # It is no proof that nothing passes: what the policy permits goes on, as long as it may without word.
    assert {key: cell.withheld for key, cell in cells.items() if cell.withheld} == {}
    assert [key for key, cell in cells.items() if not cell.recovered] == []
    for fault in Fault:
        assert cells[fault, Phase.RUNNING].passed > 0
        assert cells[fault, Phase.ELEVATED].passed > cells[fault, Phase.RUNNING].passed


# --- agents that are wrong, each in one way; the matrix must tell them from ours ------------------------------------


def _kill_forgotten_on_an_empty_answer(patch: pytest.MonkeyPatch) -> None:
    """An answer without news is taken for one without kills, as the public plugin does (THREATS 2.17)."""
    real = Poller._failed

    def failed(self: Poller, error: Any) -> float:
        if isinstance(error, UntrustedError | UnavailableError):
            self._service.adopt_kill(())
        return real(self, error)

    patch.setattr(Poller, "_failed", failed)


def _html_taken_for_not_modified(patch: pytest.MonkeyPatch) -> None:
    """Whatever cannot be read counts as "nothing changed", and so as word from the server."""
    real = Poller._failed

    def failed(self: Poller, error: Any) -> float:
        holding = self._holding
        if holding is not None and not isinstance(error, UnavailableError):
            lease = holding.lease.model_copy(update={"issued_at": self._clock.now(), "until": NOON + 999 * MINUTE})
            self._service.adopt(type(holding)(holding.bundle, holding.digest, lease, holding.kill))
        return real(self, error)

    patch.setattr(Poller, "_failed", failed)


def _old_answers_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trust_module, "_check_not_older", lambda lease, seen: None)


def _signatures_not_checked(patch: pytest.MonkeyPatch) -> None:
    from clawforge import bundle as bundle_module
    from clawforge import lease as lease_module

    for module in (bundle_module, lease_module):
        patch.setattr(module, "verify", lambda envelope, trusted, wanted: base64.b64decode(envelope.payload))


def _leases_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_module, "freshness", lambda lease, offline, now: Freshness.FRESH)


def _elevations_end_only_when_the_server_says_so(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(elevated_module, "is_in_force", lambda overlay, present: overlay.from_ <= present.latest)


def _without_a_policy_everything_goes(patch: pytest.MonkeyPatch) -> None:
    real = service_module._denial

    def denial(code: str, message: str) -> Any:
        denied = real(code, message)
        return denied.model_copy(update={"effect": Effect.ALLOW}) if code == "no-policy" else denied

    patch.setattr(service_module, "_denial", denial)


@pytest.mark.parametrize(
    ("mutation", "fault", "phase"),
    [
        (_kill_forgotten_on_an_empty_answer, Fault.EMPTY, Phase.KILLED),
        (_kill_forgotten_on_an_empty_answer, Fault.HTML, Phase.KILLED),
        (_html_taken_for_not_modified, Fault.HTML, Phase.RUNNING),
        (_old_answers_believed, Fault.OLD, Phase.KILLED),
        (_old_answers_believed, Fault.OLD, Phase.RUNNING),
        (_signatures_not_checked, Fault.FORGED, Phase.RUNNING),
        (_leases_never_end, Fault.DOWN, Phase.EXPIRED),
        (_elevations_end_only_when_the_server_says_so, Fault.ERROR, Phase.ELEVATED),
        (_without_a_policy_everything_goes, Fault.DOWN, Phase.START),
    ],
)
def test_the_matrix_finds_an_agent_that_is_wrong(
    mutation: Callable[[pytest.MonkeyPatch], None],
    fault: Fault,
    phase: Phase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutation(monkeypatch)
    assert play(fault, phase, tmp_path / "agent").forbidden > 0
