"""The spool on a real disk: what was appended is there until it is acknowledged, once, whatever ends the process."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_world import NOON

from clawforge.errors import InputError, UnavailableError
from clawforge.wire_audit import AgentEvent
from clawforge_cli.agent.spool import Spool
from clawforge_cli.agent.spooled_event import SpooledEvent

SMALL = {"most": 4_000, "segment": 1_000}


def event(name: str, **detail: Any) -> SpooledEvent:
    return SpooledEvent(NOON, "call:decide", "allow", class_="call", target=name, detail=detail)


def read(spool: Spool) -> list[AgentEvent]:
    batch = spool.batch()
    events = [AgentEvent.model_validate_json(item) for item in batch.events]
    assert [item.seq for item in events] == list(batch.numbers)
    return events


def targets(spool: Spool) -> list[str | None]:
    return [item.target for item in read(spool)]


def last_file(folder: Path) -> Path:
    return max(folder.iterdir())


def test_events_stay_until_they_are_acknowledged_and_numbers_go_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit")
    for name in "abc":
        spool.append(event(name))
    assert [(item.seq, item.target) for item in read(spool)] == [(1, "a"), (2, "b"), (3, "c")]
    spool.acknowledge(2)
    assert (targets(spool), spool.waiting) == (["c"], 1)
    again = Spool(tmp_path / "audit")
    again.append(event("d"))
    assert [item.seq for item in read(again)] == [1, 2, 3, 4], "sent again rather than not at all"
    assert oct(last_file(tmp_path / "audit").stat().st_mode)[-3:] == "600"


def test_a_batch_is_no_larger_than_an_upload_may_be(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit", segment=1_000)
    for number in range(20):
        spool.append(event(f"t-{number}"))
    assert spool.batch(most_events=7).numbers == (1, 2, 3, 4, 5, 6, 7)
    some = spool.batch(most_bytes=1_000)
    assert 0 < sum(len(item) + 1 for item in some.events) <= 1_000
    assert len(spool.batch().numbers) == 20


@pytest.mark.parametrize("tail", [b"0", b"deadbeef 21 {", b'00000000 21 {"seq":21}\n', b"\xff" * 300, b"\n\n"])
def test_what_a_crash_left_half_written_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    spool = Spool(tmp_path / "audit")
    for name in "ab":
        spool.append(event(name))
    with last_file(tmp_path / "audit").open("ab") as stream:
        stream.write(tail)
    again = Spool(tmp_path / "audit")
    again.append(event("c"))
    assert [(item.seq, item.target) for item in read(again)] == [(1, "a"), (2, "b"), (3, "c")]


def test_a_line_that_the_disk_spoilt_is_missing_and_its_number_is_not_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit")
    for name in "abc":
        spool.append(event(name))
    path = last_file(tmp_path / "audit")
    path.write_bytes(path.read_bytes().replace(b'"target":"b"', b'"target":"X"'))
    again = Spool(tmp_path / "audit")
    again.append(event("d"))
    assert [(item.seq, item.target) for item in read(again)] == [(1, "a"), (3, "c"), (4, "d")]


def test_when_there_is_no_room_the_oldest_go_and_an_event_says_which(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit", **SMALL)
    for number in range(1, 101):
        spool.append(event(f"t-{number}"))
    size = sum(path.stat().st_size for path in (tmp_path / "audit").iterdir())
    assert size <= SMALL["most"] + SMALL["segment"]
    events = read(spool)
    told = [item.detail for item in events if item.action == "spool:overflow"]
    numbers = [item.seq for item in events]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert told[-1]["last"] == numbers[0] - 1, "what is missing now is what was told"
    assert told[-1]["events"] == told[-1]["last"] - told[-1]["first"] + 1
    assert events[-1].target == "t-100"


def test_what_was_acknowledged_is_not_told_as_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit", **SMALL)
    for number in range(1, 101):
        spool.append(event(f"t-{number}"))
        spool.acknowledge(number - 1)
    assert targets(spool) == ["t-100"]
    assert not any(path.stat().st_size for path in sorted((tmp_path / "audit").iterdir())[:-2])


def test_a_full_disk_loses_events_and_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "audit")
    spool.append(event("a"))
    real = os.write

    def half(file: int, data: bytes) -> int:
        real(file, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        for _ in range(3):
            with pytest.raises(UnavailableError, match="cannot be written"):
                spool.append(event("lost"))
    spool.append(event("b"))
    events = read(Spool(tmp_path / "audit"))
    assert [(item.seq, item.target, item.detail) for item in events] == [
        (1, "a", {}),
        (2, None, {"events": 3}),
        (3, "b", {}),
    ]


def test_numbers_that_were_used_before_are_given_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit")
    for name in "abc":
        spool.append(event(name))
    spool.renumber({1, 3}, 40)
    spool.acknowledge(3)
    assert [(item.seq, item.target) for item in read(spool)] == [(40, "a"), (41, "c")]
    spool.append(event("d"))
    assert [item.seq for item in read(Spool(tmp_path / "audit"))][-1] == 42


def test_what_cannot_be_sent_is_left_out_of_the_event(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "audit")
    for params in ({"text": "x" * 100_000}, {"text": "\ud800"}, {"number": 2**70}):
        spool.append(event("t" * 300, tool="t", params=params))
    for item in read(spool):
        assert (item.target, item.detail) == ("t" * 256, {"tool": "t", "paramsOmitted": True})


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("in the way")
    with pytest.raises(InputError, match="cannot be kept"):
        Spool(tmp_path / "audit")


class Machine:
    """A spool whose process ends again and again, and everything that a control plane was sent."""

    spool_class = Spool

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.appended: list[str] = []
        self.server: dict[int, str | None] = {}
        self.restart(b"")

    def restart(self, tail: bytes) -> None:
        if tail and any(self.folder.iterdir()):
            with last_file(self.folder).open("ab") as stream:
                stream.write(tail)
        self.spool = self.spool_class(self.folder, segment=500)

    def append(self) -> None:
        self.appended.append(f"t-{len(self.appended)}")
        self.spool.append(event(self.appended[-1]))

    def upload(self, most: int, *, answered: bool) -> None:
        batch = self.spool.batch(most)
        for number, text in zip(batch.numbers, batch.events, strict=True):
            target = orjson.loads(text)["target"]
            assert self.server.setdefault(number, target) == target, "one number, two events"
        if batch.numbers and answered:
            self.spool.acknowledge(batch.numbers[-1])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 5)),
        st.tuples(st.just("upload"), st.integers(1, 6)),
        st.tuples(st.just("unanswered"), st.integers(1, 6)),
        st.tuples(st.just("crash"), st.sampled_from([0, 1, 9, 40])),
    ),
    max_size=20,
)


def lived(folder: Path, steps: list[tuple[str, int]], made: type[Machine] = Machine) -> bool:
    """Whether the control plane has everything in the end, once, in order."""
    machine = made(folder)
    for step, count in steps:
        if step == "append":
            for _ in range(count):
                machine.append()
        elif step == "crash":
            machine.restart(b"0000dead 7 {"[:count])
        else:
            machine.upload(count, answered=step == "upload")
    machine.restart(b"")
    while machine.spool.batch().numbers and machine.spool.waiting:
        machine.upload(1_000, answered=True)
    return machine.server == dict(enumerate(machine.appended, start=1))


@given(STEPS)
def test_whatever_happens_in_between_everything_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    assert lived(tmp_path_factory.mktemp("spool") / "audit", steps)


class Hasty(Machine):
    """Mutant: takes events as acknowledged when it reads them."""

    class spool_class(Spool):
        def batch(self, *arguments: Any) -> Any:
            found = super().batch(*arguments)
            if found.numbers:
                self.acknowledge(found.numbers[-1])
            return found

    def upload(self, most: int, *, answered: bool) -> None:
        if answered:
            super().upload(most, answered=True)
        else:
            self.spool.batch(most)


class Careless(Machine):
    """Mutant: counts on with what is left, and so uses numbers twice."""

    class spool_class(Spool):
        def acknowledge(self, number: int) -> None:
            super().acknowledge(number)
            for path in self._folder.iterdir():
                path.unlink()


@pytest.mark.parametrize("mutant", [Hasty, Careless])
def test_a_spool_that_is_careless_is_found_out(tmp_path: Path, mutant: type[Machine]) -> None:
    steps = [("append", 5), ("append", 5), ("unanswered", 6), ("upload", 3), ("crash", 9), ("append", 2)]
    outcomes = []
    for number, order in enumerate(itertools.permutations(steps[2:])):
        try:
            outcomes.append(lived(tmp_path / f"audit-{number}", [*steps[:2], *order], mutant))
        except AssertionError:
            outcomes.append(False)
    assert not all(outcomes)
