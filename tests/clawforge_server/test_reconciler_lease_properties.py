"""Over random sequences of taking, keeping, sleeping, restarting and writing: one holder at a time, and fences grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reconcile_world import org, process
from server_app import Api, MovableClock, opened_api

from clawforge.errors import ConflictError
from clawforge.reconcile.fence import Fence
from clawforge.wire_reconcile import LeaseRequest, ReconcilerLease
from clawforge_server.auth.principal import owner_principal
from clawforge_server.control_plane import ControlPlane, make_control_plane
from clawforge_server.service.fencing import fenced
from clawforge_server.service.reconciler_leasing import release_lease, renewed_lease, take_lease

EXAMPLES = int(os.environ.get("CLAWFORGE_LEASE_SEQUENCES", "40"))
TERM = 15
WHO = owner_principal("test")
HOLDERS = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), HOLDERS),
        st.tuples(st.just("keep"), HOLDERS),
        st.tuples(st.just("release"), HOLDERS),
        st.tuples(st.just("sleep"), st.sampled_from([1, 7, 14, 15, 16, 40])),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    min_size=4,
    max_size=30,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with opened_api(tmp_path_factory.mktemp("leases") / "data", MovableClock()) as api:
        api.apply(org())
        yield api


class Run:
    """Three processes that want one lease, and what a witness knows of it."""

    def __init__(self, api: Api, name: str) -> None:
        self.api, self.name = api, name
        self.plane = self._plane()
        self.fences: dict[int, int] = {}
        self.given: list[int] = []
        self.until: dict[int, float] = {}

    def _plane(self) -> ControlPlane:
        async def make() -> ControlPlane:
            return make_control_plane(self.api.plane.store, self.api.clock)

        return anyio.run(make)

    def restart(self, _: int) -> None:
        self.plane = self._plane()
        # Who holds a lease may go on for a term more, for nobody knows how much of it is left.
        self.until = {fence: self.api.clock.seconds + TERM for fence in self.until if fence == self.given[-1]}

    def sleep(self, seconds: int) -> None:
        self.api.clock.move(seconds=seconds)

    def take(self, holder: int, fence: int | None = None) -> None:
        source = f"source-{self.name}"
        request = LeaseRequest(holder=process(holder), source=source, repository="r", fence=fence)
        try:
            kept = renewed_lease(self.plane, WHO, "acme", self.name, request)
            lease = kept or take_lease(self.plane, WHO, "acme", self.name, request)
        except ConflictError:
            assert any(item != self.fences.get(holder) for item in self._alive()), "somebody else holds it"
            return
        self._granted(holder, lease)

    def _granted(self, holder: int, lease: ReconcilerLease) -> None:
        now = self.api.clock.seconds
        if self.given and lease.fence == self.given[-1]:
            assert self.fences[holder] == lease.fence
            assert now < self.until[lease.fence], "a lease that was over came back"
        else:
            assert not self.given or lease.fence > self.given[-1]
            assert all(item == self.fences.get(holder) for item in self._alive()), "somebody got in early"
            self.given.append(lease.fence)
        self.fences[holder], self.until[lease.fence] = lease.fence, now + TERM

    def keep(self, holder: int) -> None:
        self.take(holder, self.fences.get(holder))

    def release(self, holder: int) -> None:
        if holder not in self.fences:
            return
        fence = Fence(reconciler=self.name, number=self.fences[holder])
        try:
            release_lease(self.plane, WHO, "acme", fence)
            self.until.pop(fence.number)
        except ConflictError:
            assert fence.number not in self._alive()

    def _alive(self) -> list[int]:
        return [fence for fence, until in self.until.items() if self.api.clock.seconds < until]

    def writers(self) -> list[int]:
        """The fences with which somebody could write now."""
        found = []
        for number in self.given:
            with self.plane.store.transaction() as transaction:
                fence = Fence(reconciler=self.name, number=number)
                try:
                    fenced(self.plane, transaction, WHO, "acme", fence, f"source-{self.name}")
                except ConflictError:
                    continue
                found.append(number)
        return found

    def check(self) -> None:
        writers = self.writers()
        assert len(writers) <= 1
        assert set(writers) <= {self.given[-1]} if self.given else not writers
        assert writers == self._alive()[-1:], "a lease that is held writes, and none that is over"


_names = iter(range(1_000_000))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_one_at_a_time_may_write_and_fences_only_grow(
    world: Api, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    monkeypatch.setattr("clawforge_server.service.reconciler_leasing._MOST", 1_000_000)
    run = Run(world, f"r{next(_names)}")
    for verb, value in steps:
        getattr(run, verb)(value)
        run.check()


def test_the_check_itself_notices(world: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawforge_server.state.reconciler_leases.ReconcilerLeases.left", lambda self, record: 15.0)
    run = Run(world, f"r{next(_names)}")
    run.take(0)
    run.check()
    run.sleep(15)
    with pytest.raises(AssertionError, match="none that is over"):
        run.check()
