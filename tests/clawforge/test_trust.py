"""What an agent believes: rules one by one, then a machine that replays, mixes and forges answers at random."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from signing_world import DEV, NOON, SigningWorld, elevation, policy, seed

from clawforge.bundle import bundle_digest
from clawforge.dsse import envelope_json
from clawforge.errors import UntrustedError
from clawforge.keys import SigningKey, encode_public_key, make_key_set, sign_key_set
from clawforge.lease import sign_lease
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.trust import Answer, TrustState, accept_answer, held, new_trust, pass_time, witness

MINUTE = dt.timedelta(minutes=1)
OTHER_INSTANCE = Subject(user="dev", instance="i-2")
TIGHT = policy(tools={"deny": ["exec"]})


def joined(world: SigningWorld | None = None, now: dt.datetime = NOON) -> tuple[SigningWorld, TrustState]:
    """A world and an agent that enforces its first bundle."""
    world = world or SigningWorld()
    return world, accept_answer(world.enrolled(DEV, now), world.full(DEV, now), now)


def refusal(state: TrustState, answer: Answer, now: dt.datetime = NOON) -> str:
    with pytest.raises(UntrustedError) as caught:
        accept_answer(state, answer, now)
    return caught.value.code


def test_a_new_agent_holds_nothing_and_then_what_it_was_sent() -> None:
    world = SigningWorld()
    fresh = world.enrolled(DEV, NOON)
    assert held(fresh) is None
    state = accept_answer(fresh, world.full(DEV, NOON), NOON)
    holding = held(state)
    assert holding is not None
    assert holding.bundle == world.bundle(DEV, NOON)
    assert holding.digest == holding.lease.bundle == bundle_digest(holding.bundle)
    assert TrustState.model_validate_json(state.model_dump_json(by_alias=True)) == state


def test_enrolment_needs_a_key_set_that_the_root_signed() -> None:
    world, other = SigningWorld(), SigningWorld(org="other")
    with pytest.raises(UntrustedError) as caught:
        new_trust(
            org="acme",
            instance="i-1",
            user="dev",
            root_key=encode_public_key(other.root.public),
            keys=envelope_json(world.keys(NOON)),
            now=NOON,
        )
    assert caught.value.code == "unknown-key"


def test_a_304_renews_the_lease_and_nothing_else() -> None:
    world, state = joined()
    later = accept_answer(state, world.unchanged(DEV, NOON + MINUTE), NOON + MINUTE)
    before, after = held(state), held(later)
    assert before is not None
    assert after is not None
    assert after.lease.issued_at == NOON + MINUTE
    assert (after.bundle, after.digest) == (before.bundle, before.digest)


def test_a_304_for_another_bundle_is_refused() -> None:
    world, state = joined()
    world.publish(TIGHT)
    assert refusal(state, world.unchanged(DEV, NOON)) == "lease-bundle-mismatch"
    assert refusal(world.enrolled(DEV, NOON), world.unchanged(DEV, NOON)) == "nothing-held"


def test_a_new_revision_replaces_the_old_and_the_old_is_refused_afterwards() -> None:
    world, state = joined()
    old = world.full(DEV, NOON)
    world.publish(TIGHT)
    state = accept_answer(state, world.full(DEV, NOON), NOON)
    holding = held(state)
    assert holding is not None
    assert holding.bundle.revision == 2
    assert refusal(state, old) == "rollback"
    assert refusal(state, replace(old, bundle=None, keys=None)) == "rollback"


def test_the_same_serial_with_other_content_is_refused() -> None:
    world, state = joined()
    counters = world.counters
    world.publish(TIGHT)
    world.counters = counters
    assert refusal(state, world.full(DEV, NOON)) == "same-serial-other-digest"
    world, state = joined()
    counters = world.counters
    world.set_kill("org")
    world.counters = counters
    assert refusal(state, world.unchanged(DEV, NOON)) == "same-serial-other-digest"


def test_foreign_documents_are_refused() -> None:
    world, state = joined()
    assert refusal(state, world.full(OTHER_INSTANCE, NOON)) == "foreign-instance"
    assert refusal(state, SigningWorld(org="other").full(DEV, NOON)) == "unknown-key"
    same_keys = SigningWorld(org="other")
    same_keys.root, same_keys.online = world.root, world.online
    assert refusal(state, same_keys.full(DEV, NOON)) == "foreign-org"
    assert refusal(state, replace(same_keys.full(DEV, NOON), keys=None)) == "foreign-org"


def test_parts_of_different_answers_are_refused() -> None:
    world, state = joined()
    mine, theirs = world.full(DEV, NOON), world.full(OTHER_INSTANCE, NOON)
    assert refusal(state, replace(mine, bundle=theirs.bundle)) == "foreign-instance"
    world.publish(TIGHT)
    newer = world.full(DEV, NOON)
    assert refusal(state, replace(mine, bundle=newer.bundle)) == "lease-bundle-mismatch"
    assert refusal(state, replace(newer, bundle=mine.bundle)) == "rollback"


def test_fifty_agents_that_get_each_others_answers_accept_none() -> None:
    world = SigningWorld()
    subjects = [Subject(user="dev", instance=f"i-{number}") for number in range(50)]
    answers = [world.full(subject, NOON) for subject in subjects]
    for number, subject in enumerate(subjects):
        state = world.enrolled(subject, NOON)
        accepted = [index for index, answer in enumerate(answers) if _accepts(state, answer)]
        assert accepted == [number]


def _accepts(state: TrustState, answer: Answer) -> bool:
    try:
        accept_answer(state, answer, NOON)
    except UntrustedError:
        return False
    return True


def test_bundle_and_lease_must_be_of_one_serial_even_if_the_digest_is_the_same() -> None:
    world, state = joined()
    before = world.full(DEV, NOON)
    world.set_kill("org")
    after = world.full(DEV, NOON)
    assert refusal(state, replace(before, bundle=after.bundle)) == "lease-bundle-mismatch"
    assert refusal(state, replace(after, bundle=before.bundle)) == "rollback"


def test_the_lease_vouches_for_the_runtime_overlays_too() -> None:
    world, state = joined()
    world.set_overlays(elevation())
    other = world.full(DEV, NOON)
    assert refusal(state, replace(other, keys=None, bundle=None)) == "lease-bundle-mismatch"
    holding = held(accept_answer(state, other, NOON))
    assert holding is not None
    assert holding.bundle.overlays == world.overlays


def test_a_stolen_online_key_cannot_run_ahead_of_the_roots_epoch() -> None:
    world, state = joined()
    world.counters = world.counters._replace(epoch=2**53 - 1, serial=2**53 - 1)
    forged = world.full(DEV, NOON)
    world.counters = world.counters._replace(epoch=1, serial=1)
    assert refusal(state, replace(forged, keys=None)) == "epoch-mismatch"


def test_recovery_by_the_root_undoes_a_serial_that_ran_ahead() -> None:
    world, state = joined()
    world.counters = world.counters._replace(serial=2**53 - 1)
    state = accept_answer(state, world.full(DEV, NOON), NOON)
    stolen = world.full(DEV, NOON)
    world.recover("recovered")
    assert refusal(state, world.unchanged(DEV, NOON)) == "unknown-key"
    state = accept_answer(state, world.full(DEV, NOON), NOON)
    assert state.seen is not None
    assert state.seen.counters == (2, 1)
    assert refusal(state, stolen) == "rollback"
    assert refusal(state, replace(world.full(DEV, NOON), keys=stolen.keys)) == "rollback"
    assert refusal(state, replace(stolen, keys=None)) == "unknown-key"


def test_after_rotation_the_old_key_is_refused_and_the_old_key_set_does_not_bring_it_back() -> None:
    world, state = joined()
    old = world.full(DEV, NOON)
    world.rotate("second")
    assert refusal(state, world.unchanged(DEV, NOON + MINUTE)) == "unknown-key"
    state = accept_answer(state, world.full(DEV, NOON + MINUTE), NOON + MINUTE)
    assert refusal(state, replace(old, keys=None), NOON + MINUTE) == "unknown-key"
    assert refusal(state, old, NOON + MINUTE) == "rollback"


def test_the_same_keys_signed_earlier_are_no_rollback() -> None:
    world, state = joined()
    earlier = make_key_set("acme", 1, [world.online.public], NOON + MINUTE)
    answer = replace(world.full(DEV, NOON), keys=envelope_json(sign_key_set(earlier, world.root)))
    assert accept_answer(state, answer, NOON).keys == state.keys


def test_a_key_set_that_expired_is_refused_even_for_a_304() -> None:
    world = SigningWorld()
    world.key_set_lifetime = MINUTE
    world, state = joined(world)
    assert refusal(state, world.unchanged(DEV, NOON + MINUTE), NOON + MINUTE) == "expired-keyset"
    assert refusal(state, world.full(DEV, NOON + MINUTE), NOON + MINUTE) == "expired-keyset"
    assert held(state) is not None


def test_a_lease_that_arrives_late_does_not_shorten_a_newer_one() -> None:
    world, state = joined()
    late = world.unchanged(DEV, NOON + MINUTE)
    state = accept_answer(state, world.unchanged(DEV, NOON + 2 * MINUTE), NOON + 2 * MINUTE)
    state = accept_answer(state, late, NOON + 2 * MINUTE)
    holding = held(state)
    assert holding is not None
    assert state.seen is not None
    assert holding.lease.issued_at == state.seen.issued_at == NOON + 2 * MINUTE


def test_a_kill_counts_though_its_bundle_is_refused() -> None:
    world, state = joined()
    world.set_kill("org")
    answer = replace(world.full(DEV, NOON), bundle={"not": "a bundle"})
    assert refusal(state, answer) == "bad-envelope"
    state = witness(state, answer, NOON)
    holding = held(state)
    assert holding is not None
    assert [order.scope for order in holding.kill] == ["org"]
    assert holding.lease.kill == ()


def test_only_a_newer_signed_lease_takes_a_kill_back() -> None:
    world, state = joined()
    before = world.unchanged(DEV, NOON + MINUTE)
    world.set_kill("tool:exec")
    state = accept_answer(state, world.unchanged(DEV, NOON), NOON)
    assert refusal(state, before) == "rollback"
    for garbage in (None, {}, [], "off", {"payload": "", "payloadType": "", "signatures": []}):
        assert refusal(state, Answer(lease=garbage)) == "bad-envelope"
    world.set_kill()
    state = accept_answer(state, world.unchanged(DEV, NOON), NOON)
    assert state.seen is not None
    assert state.seen.kill == ()


def test_time_that_passed_is_remembered_but_not_beyond_the_life_of_the_policy() -> None:
    _, state = joined(SigningWorld([policy(offline={"maxStale": "1h"})]))
    holding = held(state)
    assert holding is not None
    later = pass_time(state, holding, NOON + 10 * MINUTE)
    assert later.high_water == NOON + 10 * MINUTE
    assert pass_time(later, holding, NOON) is later
    assert pass_time(state, holding, NOON + dt.timedelta(days=3650)).high_water == NOON + 60 * MINUTE


def test_stored_envelopes_are_verified_again() -> None:
    world, state = joined()
    assert state.in_force is not None
    theirs = world.full(OTHER_INSTANCE, NOON)
    for changed in (
        state.model_copy(update={"instance": "i-2"}),
        state.model_copy(update={"org": "other"}),
        state.model_copy(update={"root_key": encode_public_key(world.online.public)}),
        state.model_copy(update={"seen": None}),
        state.model_copy(update={"in_force": state.in_force.model_copy(update={"bundle": state.in_force.lease})}),
        state.model_copy(
            update={
                "in_force": state.in_force.model_copy(
                    update={"lease": sign_lease(world.lease(OTHER_INSTANCE, NOON), world.online)}
                )
            }
        ),
    ):
        with pytest.raises(UntrustedError):
            held(changed)
    assert theirs.bundle is not None


POLICIES: tuple[tuple[Resource, ...], ...] = (
    (policy(),),
    (policy(tools={"deny": ["exec"]}),),
    (policy(offline={"mode": "block", "lease": "1m"}),),
)


class HostileNetwork(RuleBasedStateMachine):
    """The control plane moves on while the network delivers, replays, mixes and forges."""

    @initialize()
    def enrol(self) -> None:
        self.world = SigningWorld()
        self.now = NOON
        self.state = self.world.enrolled(DEV, self.now)
        self.answers: list[Answer] = []
        self.rotations = 0

    def deliver(self, answer: Answer) -> bool:
        before = self.state
        try:
            self.state = accept_answer(before, answer, self.now)
        except UntrustedError:
            assert self.state is before
            with suppress(UntrustedError):
                self.state = witness(before, answer, self.now)
            self.check_step(before)
            return False
        self.check_step(before)
        return True

    def check_step(self, before: TrustState) -> None:
        old, new = before.seen, self.state.seen
        if old is None:
            return
        assert new is not None
        assert new.counters >= old.counters
        if set(old.kill) - set(new.kill):
            assert new.counters > old.counters
        if new.counters == old.counters:
            assert (new.bundle, new.kill) == (old.bundle, old.kill)
        assert self.state.high_water >= before.high_water

    @rule(resources=st.sampled_from(POLICIES))
    def publish(self, resources: tuple[Resource, ...]) -> None:
        self.world.publish(*resources)

    @rule(scopes=st.sampled_from([(), ("org",), ("tool:exec", "group:eng")]))
    def kill(self, scopes: tuple[str, ...]) -> None:
        self.world.set_kill(*scopes)

    @rule()
    def rotate(self) -> None:
        self.rotations += 1
        self.world.rotate(f"rotation {self.rotations}")

    @rule()
    def recover(self) -> None:
        self.world.recover(f"recovered {self.world.counters.epoch}")

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        # Not beyond the day: at midnight the horizon moves, and a control plane raises its serial.
        self.now = min(self.now + minutes * MINUTE, NOON + 11 * 60 * MINUTE)

    @rule()
    def poll(self) -> None:
        answer = self.world.full(DEV, self.now)
        self.answers.append(answer)
        assert self.deliver(answer)
        holding = held(self.state)
        assert holding is not None
        assert holding.bundle == self.world.bundle(DEV, self.now)
        assert set(holding.kill) == set(self.world.kill)

    @rule()
    def poll_not_modified(self) -> None:
        answer = self.world.unchanged(DEV, self.now)
        self.answers.append(answer)
        self.deliver(answer)

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.answers:
            self.deliver(data.draw(st.sampled_from(self.answers)))

    @rule(data=st.data())
    def mix(self, data: st.DataObject) -> None:
        if self.answers:
            parts = [data.draw(st.sampled_from(self.answers)) for _ in range(3)]
            self.deliver(Answer(keys=parts[0].keys, bundle=parts[1].bundle, lease=parts[2].lease))

    @rule()
    def foreign(self) -> None:
        assert not self.deliver(self.world.full(OTHER_INSTANCE, self.now))
        assert not self.deliver(SigningWorld(org="other").full(DEV, self.now))

    @rule(name=st.sampled_from(["thief", "root of other"]))
    def forge(self, name: str) -> None:
        thief = SigningKey(seed(name))
        key_set = make_key_set("acme", 99, [thief.public], self.now + MINUTE)
        full = self.world.full(DEV, self.now)
        lease = self.world.lease(DEV, self.now).model_copy(update={"serial": 2**40, "kill": ()})
        keys = envelope_json(sign_key_set(key_set, thief))
        assert not self.deliver(replace(full, keys=keys, lease=envelope_json(sign_lease(lease, thief))))
        assert not self.deliver(Answer(lease=envelope_json(sign_lease(lease, thief))))

    @invariant()
    def what_is_in_force_holds_together(self) -> None:
        holding = held(self.state)
        if holding is not None:
            assert holding.bundle.instance == "i-1"
            assert holding.digest == holding.lease.bundle
            assert self.state.seen is not None
            assert holding.lease.counters <= self.state.seen.counters


HostileNetwork.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestHostileNetwork = HostileNetwork.TestCase
